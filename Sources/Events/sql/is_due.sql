-- Of a waiting event w, whether its time has come: one that keeps an order waits until all before it are due.
w.state = 'waiting' and (w.source, w.partition) = (:source, :partition) and w.due_at <= :moment
and w.type <> all (:held_up::text[])
and (w.key is null or not exists (
  select from oneshot.event_inbox as before
  where before.state = 'waiting' and before.key = w.key
    and (before.source, before.partition) = (:source, :partition) and before.place < w.place
    and (before.due_at > :moment or before.type = any (:held_up::text[]))))
