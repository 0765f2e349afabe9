-- Makes a row due whose preview is not there or does not play, unless it has another one by now.
update oneshot.media_previews
set state = 'pending', attempts = 0, due_at = :moment, reason = :reason, updated_at = :moment
where (asset_id, kind, source_tag, target) = (:asset_id, :kind, :source_tag, :target) and state = 'made'
returning asset_id
