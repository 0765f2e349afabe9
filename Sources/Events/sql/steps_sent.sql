-- Notes that Redis has these boards' steps.
update oneshot.live_batches set sent_at = now()
where (source, partition) = (:source, :partition) and board = any (:boards::text[]) and sent_at is null
