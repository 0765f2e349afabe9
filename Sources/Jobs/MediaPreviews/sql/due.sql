-- The next rows that are due, those that have waited longest first.
select asset_id, kind, source, upload_to, source_tag, target, to_json(due_at) #>> '{}' as due_at
from oneshot.media_previews
where state = 'pending' and due_at <= :moment
  and (due_at, asset_id, kind) > (:due_at::text::timestamptz, :asset_id, :kind) and {own}
order by due_at, asset_id, kind
limit :limit
