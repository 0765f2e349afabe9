-- event-drain: what finds the events that wait and are due, and those that may be forgotten. (A BRIN index no longer tells old
-- rows from new ones once the room of removed ones is used again.)
create index event_inbox_due_at on oneshot.event_inbox (source, partition, due_at) where state = 'waiting';
create index event_inbox_seen_at on oneshot.event_inbox (seen_at) where state <> 'waiting';
drop index oneshot.event_inbox_old;
