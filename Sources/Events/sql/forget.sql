-- Forgets events that were done, or given up, longer ago than they are remembered. Named by their places, and the condition
-- stands twice, because a place may be another row's meanwhile.
delete from oneshot.event_inbox
where ctid = any (array(
    select ctid from oneshot.event_inbox
    where seen_at < least(:before::timestamptz, now() - make_interval(secs => :seconds)) and state <> 'waiting'
    order by seen_at
    limit 10000))
  and seen_at < least(:before::timestamptz, now() - make_interval(secs => :seconds)) and state <> 'waiting'
