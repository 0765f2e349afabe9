-- The suggestions of a batch of users, best first. A user's are grouped by themselves: the group over all of a batch
-- would be large, and be sorted. What a user may not see is counted in the same group, where an anti-join would read
-- whole tables.
with wanted as materialized (
  -- Once, however often somebody is named, and however many rows a view has of them.
  select distinct on (u.id) u.id, {inactive} as is_inactive
  from users as u
  where u.id = any (:users::text[]::{id}[]) and {present}
), apart as materialized (
  select w.id as u, x.id as p
  from wanted as w
  cross join lateral ({apart}) as x
), near as materialized (
  select w.id as u, n.f, n.at
  from wanted as w
  cross join lateral (
    select f, max(at) as at
    from (
      select followee_id as f, created_at as at from follows
      where follower_id = w.id
      order by created_at desc, followee_id limit :near) as newest
    group by f) as n
  where not w.is_inactive and not exists (select from apart where apart.u = w.id and apart.p = n.f)
), people as materialized (
  select f, cs, round(1000000 / ln(2 + following::double precision))::bigint as weight
  from (
    select d.f, h.cs,
      -- Of those who follow no more than are read, the number is known.
      case
        when h.number < :hop then cardinality(h.cs)
        else greatest(cardinality(h.cs), coalesce(
          (select hub.following from oneshot.suggestion_hubs as hub where hub.user_id = d.f::text collate "C"),
          (select count(*) from ({all_followees}) as all_of_them)))
      end as following
    from (select distinct f from near) as d
    -- Once, however many users of the batch follow them.
    cross join lateral ({newest_followees}) as h
    where exists (select from users as u where u.id = d.f and {present})) as counted
), sourced as materialized (
  select user_id as u, candidate_id as c, sum(score)::bigint as score, max(score) as most,
    (array_agg(reason order by score desc, reason collate "C"))[1] as reason,
    (array_agg(via order by score desc, reason collate "C"))[1] as via
  from unnest(
    :source_users::text[]::{id}[], :source_people::text[]::{id}[], :source_scores::bigint[], :source_reasons::text[],
    :source_via::text[]) as rows (user_id, candidate_id, score, reason, via)
  group by 1, 2
), found as materialized (
  select w.id as u, best.*
  from wanted as w
  cross join lateral (
    select c, coalesce(sum(weight), 0)::bigint as friends,
      (coalesce(sum(weight), 0) + coalesce(sum(extra), 0))::bigint as score,
      max(most) as most, max(reason) as reason, max(via) as source_via
    from (
      select p.weight, null::bigint as extra, null::bigint as most, null as reason, null as via, unnest(p.cs) as c
      from (select f from near where near.u = w.id) as n join people as p using (f)
      union all
      select null, s.score, s.most, s.reason, s.via, s.c from sourced as s where s.u = w.id
      union all
      select null, null, null, null, null, x.id from ({excluded}) as x) as pairs
    group by c
    having (count(weight) >= :min_common or count(extra) > 0) and count(*) = count(weight) + count(extra)
    order by 3 desc, 1 limit 3 * :limit) as best
  where not w.is_inactive
), followed as materialized (
  select d.c,
    greatest(1, coalesce(
      (select hub.followers from oneshot.suggestion_hubs as hub where hub.user_id = d.c::text collate "C"),
      (select count(*) from ({all_followers}) as all_of_them))) as followers
  from (select distinct c from found) as d
  where exists (select from users as u where u.id = d.c and {suggestible})
), best as materialized (
  select *, row_number() over (partition by u order by damped desc, c::text collate "C") as place
  from (
    select *, round(score / power(followers::double precision, :damping))::bigint as damped
    from found join followed using (c)) as found
), chosen as materialized (
  select u, c, damped as score, friends, most, reason, source_via, place from best where place <= :limit
), shared as materialized (
  select u, c, chosen.score, friends, most, chosen.reason, source_via, place,
    array_to_json((array_agg(f::text order by at desc, f) filter (where num_nulls(f) = 0))[1:3])::text as via
  from chosen
  left join (select near.u, near.f, near.at, unnest(p.cs) as c from near join people as p using (f)) as pairs using (u, c)
  group by u, c, chosen.score, friends, most, chosen.reason, source_via, place
), popular as materialized (
  select p.id, p.place
  from unnest(:popular::text[]::{id}[]) with ordinality as p (id, place)
  where exists (select from users as u where u.id = p.id and {suggestible})
), short as materialized (
  select w.id as u, :limit - count(c) as missing, array_remove(array_agg(c), null) as chosen
  from wanted as w
  left join chosen on chosen.u = w.id
  where not w.is_inactive
  group by w.id
  having count(c) < :limit
), entries as materialized (
  select u, c, score,
    case when most > friends then array_to_json(array(
      select friend.id from json_array_elements_text(source_via::json) with ordinality as friend (id, place)
      where not exists (select from apart where apart.u = shared.u and apart.p::text = friend.id)
      order by friend.place))::text else via end as via,
    case when most > friends then reason else 'friends' end as reason, 0 as part, place
  from shared
  union all
  select w.id, fill.id, 0, '[]', 'popular', 1, fill.place
  from short
  join wanted as w on w.id = short.u
  cross join lateral (
    select p.id, p.place
    from popular as p
    where p.id <> all (short.chosen) and not exists (select from ({excluded}) as x where x.id = p.id)
    order by p.place
    limit short.missing) as fill
)
select w.id::text as user_id, w.is_inactive, e.c::text as id, e.score, coalesce(e.via, '[]') as via, e.reason
from wanted as w
left join entries as e on e.u = w.id
order by w.id, e.part, e.place
