-- reward-delivery, changed
\set after_id '''17'''
\set moment '''2025-11-08T02:00:00Z''::timestamptz'
\set types '''{"coffee"}'''
\set shards '''1''::bigint'
\set shard '''0''::bigint'
\set limit '''10000''::bigint'
prepare golden (unknown, timestamptz, unknown, bigint, bigint, bigint) as
-- The next rewards whose message has come to something, or that are not there any more while they wait for a code.
select d.reward_id
from oneshot.reward_deliveries as d
left join oneshot.deliveries as m on m.delivery_id = d.delivery_id
left join rewards as r on r.id = d.reward_id::bigint
where d.state in ('queued', 'held', 'no_code', 'failed') and d.reward_id > $1
  and (d.state = 'no_code' or d.delivery_id is not null)
  -- What has failed may be sent again by hand as long as outbox-delivery keeps it.
  and (d.state <> 'failed' or d.ended_at > $2::timestamptz - interval '90 days')
  and ($3::text[] is null or d.reward_type = any ($3::text[]))
  and (hashtext(d.reward_id)::bigint & 2147483647) % $4 = $5
  and d.state <> -- What a reward's row (d) should say, by its message (m) and the reward itself (r).
case
    when d.state = 'no_code' then
      case when r.id is null or r.status::text not in ('no_code', 'due') or r.expires_at <= $2 then 'gone' else 'no_code' end
    when m.state = 'sent' then 'delivered'
    when m.state = 'held' then 'held'
    when m.state in ('queued', 'sending') then 'queued'
    -- The application has taken it back.
    when m.state = 'cancelled' and (r.id is null or r.status::text not in ('queued', 'held', 'failed', 'due')) then 'gone'
    else 'failed'
  end

order by d.reward_id
limit $6
;
execute golden (:after_id, :moment, :types, :shards, :shard, :limit);
deallocate golden;
