-- suggested-users, batch
\set seen_since '''2025-10-09T02:00:00Z''::timestamptz'
\set users '''{"17"}'''
\set near '''200''::bigint'
\set hop '''100''::bigint'
\set counted '''10000''::bigint'
\set min_common '''2''::bigint'
\set limit '''20''::bigint'
\set damping '''0.5''::double precision'
\set popular '''{"4"}'''
prepare golden (timestamptz, unknown, bigint, bigint, bigint, bigint, bigint, double precision, unknown) as
-- The suggestions of a batch of users, best first. A user's are grouped by themselves: the group over all of a batch
-- would be large, and be sorted. What a user may not see is counted in the same group, where an anti-join would read
-- whole tables.
with wanted as materialized (
  select u.id, coalesce(u.last_seen_at < $1, false) as is_inactive
  from unnest($2::text[]::bigint[]) as w (id)
  join users as u on u.id = w.id
  where u.deleted_at is null and u.suspended_at is null
), near as materialized (
  select w.id as u, n.f, n.at
  from wanted as w
  cross join lateral (
    select followee_id as f, created_at as at from follows
    where follower_id = w.id
    order by created_at desc, followee_id limit $3) as n
  where not w.is_inactive
), people as materialized (
  select f, cs, round(1000000 / ln(2 + following::double precision))::bigint as weight
  from (
    select d.f, h.cs,
      -- Of those who follow no more than are read, the number is known.
      case
        when cardinality(h.cs) < $4 then cardinality(h.cs)
        else greatest(cardinality(h.cs), coalesce(
          (select hub.following from oneshot.suggestion_hubs as hub where hub.user_id = d.f::text collate "C"),
          (select count(*) from (select from follows where follower_id = d.f limit $5) as all_of_them)))
      end as following
    from (select distinct f from near) as d
    -- Once, however many users of the batch follow them.
    cross join lateral (
      select array(
        select followee_id from follows where follower_id = d.f
        order by created_at desc, followee_id limit $4) as cs
      offset 0) as h) as counted
), found as materialized (
  select w.id as u, best.c, best.score, best.shared
  from wanted as w
  cross join lateral (
    select c, sum(weight)::bigint as score, count(weight) as shared
    from (
      select p.weight, unnest(p.cs) as c
      from (select f from near where near.u = w.id) as n join people as p using (f)
      union all
      select null, x.id from (select w.id as id union all select followee_id from follows where follower_id = w.id union all select target_id from blocks where user_id = w.id union all select user_id from blocks where target_id = w.id union all select target_id from mutes where user_id = w.id union all select target_id from suggestion_dismissals where user_id = w.id union all select followee_id from follow_requests where follower_id = w.id) as x) as pairs
    group by c
    having count(weight) >= $6 and count(*) = count(weight)
    order by 2 desc, 1 limit 3 * $7) as best
  where not w.is_inactive
), followed as materialized (
  select d.c,
    greatest(1, coalesce(
      (select hub.followers from oneshot.suggestion_hubs as hub where hub.user_id = d.c::text collate "C"),
      (select count(*) from (select from follows where followee_id = d.c limit $5) as all_of_them))) as followers
  from (select distinct c from found) as d
  join users as u on u.id = d.c
  where u.deleted_at is null and u.suspended_at is null and u.discoverable is true
), best as materialized (
  select u, c, score, row_number() over (partition by u order by score desc, c::text collate "C") as place
  from (
    select u, c, round(score / power(followers::double precision, $8))::bigint as score
    from found join followed using (c)) as damped
), chosen as materialized (
  select u, c, score, place from best where place <= $7
), shared as materialized (
  select u, c, (array_agg(f::text order by at desc, f))[1:3] as via
  from (select near.u, near.f, near.at, unnest(p.cs) as c from near join people as p using (f)) as pairs
  join chosen using (u, c)
  group by u, c
), popular as materialized (
  select p.id, p.place
  from unnest($9::text[]::bigint[]) with ordinality as p (id, place)
  join users as u on u.id = p.id
  where u.deleted_at is null and u.suspended_at is null and u.discoverable is true
), short as materialized (
  select w.id as u, $7 - count(c) as missing, array_remove(array_agg(c), null) as chosen
  from wanted as w
  left join chosen on chosen.u = w.id
  where not w.is_inactive
  group by w.id
  having count(c) < $7
), entries as materialized (
  select u, c, score, via, 'friends' as reason, 0 as part, place from chosen join shared using (u, c)
  union all
  select w.id, fill.id, 0, '{}', 'popular', 1, fill.place
  from short
  join wanted as w on w.id = short.u
  cross join lateral (
    select p.id, p.place
    from popular as p
    where p.id <> all (short.chosen) and not exists (select from (select w.id as id union all select followee_id from follows where follower_id = w.id union all select target_id from blocks where user_id = w.id union all select user_id from blocks where target_id = w.id union all select target_id from mutes where user_id = w.id union all select target_id from suggestion_dismissals where user_id = w.id union all select followee_id from follow_requests where follower_id = w.id) as x where x.id = p.id)
    order by p.place
    limit short.missing) as fill
)
select w.id::text as user_id, w.is_inactive, e.c::text as id, e.score, array_to_json(e.via)::text as via, e.reason
from wanted as w
left join entries as e on e.u = w.id
order by w.id, e.part, e.place
;
execute golden (:seen_since, :users, :near, :hop, :counted, :min_common, :limit, :damping, :popular);
deallocate golden;
