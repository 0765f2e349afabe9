-- Notes a preview, unless the source has changed since the run has read its row.
update oneshot.media_previews
set state = 'made', spec = :spec, target = :target, bytes = :bytes, width = :width, height = :height,
  duration_ms = :milliseconds, is_damaged = :is_damaged, reason = null, attempts = 0, updated_at = :moment
where (asset_id, kind, source_tag) = (:asset_id, :kind, :source_tag)
returning asset_id
