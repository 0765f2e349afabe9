from oneshot.dead_letters d
where (:instance::text is null or d.instance = :instance) and (:server::text is null or d.server = :server)
  and (:job::text is null or d.job = :job) and (:kind::text is null or d.error_kind = :kind)
  and (:state::text is null or d.state = :state)
  and (:failed_before::timestamptz is null or d.last_failed_at < :failed_before)
  and (:digest::text is null or d.item_digest = decode(:digest, 'hex'))
