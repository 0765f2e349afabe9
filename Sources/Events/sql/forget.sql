-- Forgets events that were done, or given up, longer ago than they are remembered.
delete from oneshot.event_inbox
where event_id in (
  select event_id from oneshot.event_inbox
  where seen_at < least(:before::timestamptz, now() - make_interval(secs => :seconds)) and state <> 'waiting' limit 10000)
