-- metrics-rollups, types_of_campaign_analytics
\set window_start '''2025-11-07T00:00:00Z''::timestamptz'
\set window_end '''2025-11-08T00:00:00Z''::timestamptz'
prepare golden (timestamptz, timestamptz) as
with event as not materialized (select * from (-- A waitlist product: what happened in each campaign, each at the time when it happened.
select 'sign_ups' as metric, 'campaign' as entity_type, campaign_id::text as entity_id, 1 as value,
  signed_up_at as occurred_at
from campaign_signups
where signed_up_at >= $1 and signed_up_at < $2
union all
select 'verified_emails', 'campaign', campaign_id::text, 1, verified_at
from campaign_signups
where verified_at >= $1 and verified_at < $2
union all
select 'referrals', 'campaign', campaign_id::text, 1, signed_up_at
from campaign_signups
where referred_by is not null and signed_up_at >= $1 and signed_up_at < $2
union all
select 'emails_sent', 'campaign', campaign_id::text, 1, sent_at
from campaign_emails
where sent_at >= $1 and sent_at < $2
union all
select 'rewards_delivered', 'campaign', campaign_id::text, 1, delivered_at
from campaign_rewards
where delivered_at >= $1 and delivered_at < $2
) as file) -- The types of values and times; for a domain, the one below it. No row is read.
select pg_typeof(coalesce(value, null))::text as value, pg_typeof(coalesce(occurred_at, null))::text as time,
  -- For a source without visitors the name resolves to the outer column, of a type that no source uses.
  (select pg_typeof(coalesce(visitor, null))::text from (values (1)) as one left join event on false) as visitor,
  (select nspname from pg_extension join pg_namespace on pg_namespace.oid = extnamespace where extname = 'hll') as hll
from (select null::pg_lsn as visitor) as missing left join event on false
;
execute golden (:window_start, :window_end);
deallocate golden;
