-- The next rows that have a preview: all of them, or those of another spec.
select asset_id, kind, source, source_tag, target, to_json(due_at) #>> '{}' as due_at
from oneshot.media_previews
where state = 'made' and (asset_id, kind) > (:asset_id, :kind) and {own}
  and (:is_all or spec is distinct from case kind when 'video' then :video_spec else :audio_spec end)
order by asset_id, kind
limit :limit
