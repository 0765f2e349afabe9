-- Forgets events that were done, or given up, longer ago than they are remembered. Rows are identified by their ctid,
-- and the condition is repeated, because a ctid may be another row's by now.
delete from oneshot.event_inbox
where ctid = any (array(
    select ctid from oneshot.event_inbox
    where seen_at < least(:before::timestamptz, now() - make_interval(secs => :seconds)) and state <> 'waiting'
    order by seen_at
    limit 10000))
  and seen_at < least(:before::timestamptz, now() - make_interval(secs => :seconds)) and state <> 'waiting'
