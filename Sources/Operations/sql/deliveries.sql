-- Messages for the outside, the newest first.
select delivery_id, dedup_key, channel, template, recipient, state, attempts, doubts, on_doubt, priority, next_at, created_at, sent_at,
  last_code, left(last_message, 4096) as last_message, count(*) over () as total
from oneshot.deliveries
where (state = :state or :state::text is null and state in ('queued', 'sending', 'held', 'failed'))
  and (:channel::text is null or channel = :channel)
order by created_at desc, delivery_id
limit :limit
