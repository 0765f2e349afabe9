-- Notes that a source cannot have a preview, and why; whatever there was is of an older version.
update oneshot.media_previews
set state = 'impossible', spec = :spec, target = null, bytes = null, width = null, height = null, duration_ms = null,
  is_damaged = null, reason = :reason, attempts = 0, updated_at = :moment
where (asset_id, kind, source_tag) = (:asset_id, :kind, :source_tag)
returning asset_id
