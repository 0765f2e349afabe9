-- The next rows that have a preview in the folder: all of them, or those of another spec whose source is not at an
-- address, which has expired by now.
select asset_id, kind, source, upload_to, source_tag, target, to_json(due_at) #>> '{}' as due_at
from oneshot.media_previews
where state = 'made' and coalesce(target, '') not like 'https://%' and (asset_id, kind) > (:asset_id, :kind) and {own}
  and (:is_all or source not like 'https://%' and spec is distinct from case kind when 'video' then :video_spec else :audio_spec end)
order by asset_id, kind
limit :limit
