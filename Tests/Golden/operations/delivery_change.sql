-- operations, delivery_change
\set to '''queued'''
\set note '''a tester'''
\set id '''e1'''
\set from '''{"held"}'''
prepare golden (unknown, unknown, unknown, unknown) as
-- Changes the state of a message, where its present state allows that.
update oneshot.deliveries
set state = $1, next_at = case when $1::text = 'queued' then now() else next_at end, last_message = $2
where delivery_id in (
  oneshot.delivery_id($3::text),
  case when $3::text ~ '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$' then $3::text::uuid end) and state = any ($4::text[])
  and ($1::text <> 'queued' or recipient is not null)
returning delivery_id
;
execute golden (:to, :note, :id, :from);
deallocate golden;
