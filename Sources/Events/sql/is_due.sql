-- Whether a waiting event w is due. An event that keeps an order also waits until all before it are due: for each key
-- the first one that is not due decides, and is looked up once for all (a lookup for each event took quadratic time).
w.state = 'waiting' and (w.source, w.partition) = (:source, :partition) and w.due_at <= :moment
and w.type <> all (:held_up::text[])
and not exists (
  select from (
    select key, min(place) as place
    from oneshot.event_inbox
    where state = 'waiting' and (source, partition) = (:source, :partition) and key is not null
      and (due_at > :moment or type = any (:held_up::text[]))
    group by key
  ) as first_not_due
  where first_not_due.key = w.key and first_not_due.place < w.place)
