-- operations, deliveries
\set state '''approved'''
\set channel '''email'''
\set limit '''20''::bigint'
prepare golden (unknown, unknown, bigint) as
-- Messages for the outside, the newest first.
select delivery_id, dedup_key, channel, template, recipient, state, attempts, doubts, on_doubt, priority, next_at, created_at, sent_at,
  last_code, left(last_message, 4096) as last_message, count(*) over () as total
from oneshot.deliveries
where (state = $1 or $1::text is null and state in ('queued', 'sending', 'held', 'failed'))
  and ($2::text is null or channel = $2)
order by created_at desc, delivery_id
limit $3
;
execute golden (:state, :channel, :limit);
deallocate golden;
