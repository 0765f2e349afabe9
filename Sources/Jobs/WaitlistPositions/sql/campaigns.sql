-- The campaigns that are chosen, or all that are live; those first that had the fewest entries.
select coalesce(c.id, wanted.id)::bigint as id, c.id is not null as is_there, c.status::text as state,
  coalesce(to_jsonb(c) ->> 'points_per_referral', '0') ~ '^(1000000|[0-9]{1,6})$' as has_valid_points,
  exists (
    select from oneshot.dead_letters
    where (instance, job, server) = (:instance, :job, '') and state = 'pending') as has_letters
from waitlist_campaigns as c
full join unnest(:chosen::bigint[]) as wanted (id) on wanted.id = c.id
left join oneshot.waitlist_standings as s on s.campaign_id = c.id
where case when :chosen::bigint[] is null then c.status::text = 'live' else wanted.id is not null end
  and mod(abs(coalesce(c.id, wanted.id)::numeric), :shards) = :shard
order by coalesce(s.entries, 0), id
