-- media-previews, again
\set moment '''2025-11-08T02:00:00Z''::timestamptz'
\set asset_ids '''{"17","a/b"}'''
\set kinds '''{"video","audio"}'''
prepare golden (timestamptz, unknown, unknown) as
-- Makes rows due that have failed.
update oneshot.media_previews as p
set state = 'pending', attempts = 0, due_at = $1, updated_at = $1
from unnest($2::text[], $3::text[]) as given (asset_id, kind)
where p.asset_id = given.asset_id and p.kind = given.kind
  and (p.state = 'failed' or p.state = 'pending' and p.attempts > 0)
;
execute golden (:moment, :asset_ids, :kinds);
deallocate golden;
