-- Changes the state of a message, where its present state allows that.
update oneshot.deliveries
set state = :to, next_at = case when :to::text = 'queued' then now() else next_at end, last_message = :note
where delivery_id in (
  oneshot.delivery_id(:id::text),
  case when :id::text ~ '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$' then :id::text::uuid end) and state = any (:from::text[])
  and (:to::text <> 'queued' or recipient is not null)
returning delivery_id
