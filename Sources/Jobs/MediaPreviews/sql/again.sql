-- Makes rows due that have failed.
update oneshot.media_previews as p
set state = 'pending', attempts = 0, due_at = :moment, updated_at = :moment
from unnest(:asset_ids::text[], :kinds::text[]) as given (asset_id, kind)
where p.asset_id = given.asset_id and p.kind = given.kind
  and (p.state = 'failed' or p.state = 'pending' and p.attempts > 0)
