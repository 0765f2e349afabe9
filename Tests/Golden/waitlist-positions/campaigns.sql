-- waitlist-positions, campaigns
\set instance ''''''
\set job '''waitlist-positions'''
\set chosen '''{"1","2"}'''
\set shards '''1''::bigint'
\set shard '''0''::bigint'
prepare golden (unknown, unknown, unknown, bigint, bigint) as
-- The campaigns that are chosen, or all that are live; those first that had the fewest entries.
select coalesce(c.id, wanted.id)::bigint as id, c.id is not null as is_there, c.status::text as state,
  coalesce(to_jsonb(c) ->> 'points_per_referral', '0') ~ '^(1000000|[0-9]{1,6})$' as has_valid_points,
  exists (
    select from oneshot.dead_letters
    where (instance, job, server) = ($1, $2, '') and state = 'pending') as has_letters
from waitlist_campaigns as c
full join unnest($3::bigint[]) as wanted (id) on wanted.id = c.id
left join oneshot.waitlist_standings as s on s.campaign_id = c.id
where case when $3::bigint[] is null then c.status::text = 'live' else wanted.id is not null end
  and mod(abs(coalesce(c.id, wanted.id)::numeric), $4) = $5
order by coalesce(s.entries, 0), id
;
execute golden (:instance, :job, :chosen, :shards, :shard);
deallocate golden;
