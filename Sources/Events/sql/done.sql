-- Records that waiting and dead events are done.
update oneshot.event_inbox
set state = 'done', seen_at = greatest(:moment::timestamptz, now()), event = null, attempts = null, last_error = null, source = null, partition = null, place = null,
  key = null, due_at = null
where event_id in (select id from pg_temp.oneshot_staged where n = any (:events::integer[]))
