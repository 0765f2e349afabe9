-- Notes a failure: it is due again later, each time after twice the pause, until it has had all of its tries.
update oneshot.media_previews
set state = case when attempts + 1 < :attempts then 'pending' else 'failed' end, attempts = attempts + 1,
  due_at = :moment::timestamptz + :pause * interval '1 second' * 2 ^ attempts, reason = :reason, updated_at = :moment
where (asset_id, kind, source_tag) = (:asset_id, :kind, :source_tag)
returning asset_id
