-- The next rewards whose message has come to something, or that are not there any more while they wait for a code.
select d.reward_id
from oneshot.reward_deliveries as d
left join oneshot.deliveries as m on m.delivery_id = d.delivery_id
left join rewards as r on r.id = d.reward_id::{id_type}{id_collation}
where d.state in ('queued', 'held', 'no_code', 'failed') and d.reward_id > :after_id
  and (d.state = 'no_code' or d.delivery_id is not null)
  -- What has failed may be sent again by hand as long as outbox-delivery keeps it.
  and (d.state <> 'failed' or d.ended_at > :moment::timestamptz - interval '90 days')
  and (:types::text[] is null or d.reward_type = any (:types::text[]))
  and (hashtext(d.reward_id)::bigint & 2147483647) % :shards = :shard
  and d.state <> {outcome}
order by d.reward_id
limit :limit
