-- suggested-users, count_hubs
\set since '''2025-10-09T02:00:00Z''::timestamptz'
\set moment '''2025-11-08T02:00:00Z''::timestamptz'
\set hub '''100''::bigint'
\set popular '''500''::bigint'
prepare golden (timestamptz, timestamptz, bigint, bigint) as
-- Counts whom many follow, who follows many, and who has gained most followers: one pass over all follows.
with counted as materialized (
  select id, sum(followers) as followers, sum(following) as following, sum(gained) as gained
  from (
    select followee_id as id, count(*) as followers, 0 as following,
      count(*) filter (where created_at >= $1 and created_at < $2) as gained
    from follows as own group by 1
    union all
    select follower_id, 0, count(*), 0 from follows as own group by 1) as sides
  group by id
), kept as materialized (
  select id::text collate "C" as user_id, followers, following, gained
  from (select *, row_number() over (order by gained desc, id::text collate "C") as place from counted) as ranked
  where followers > $3 or following > $3 or gained > 0 and place <= $4
), removed as (
  delete from oneshot.suggestion_hubs as h where not exists (select from kept where kept.user_id = h.user_id)
), stated as (
  update oneshot.suggestion_state set counted_at = $2
)
insert into oneshot.suggestion_hubs as h (user_id, followers, following, gained)
select user_id, followers, following, gained from kept
on conflict (user_id) do update
set followers = excluded.followers, following = excluded.following, gained = excluded.gained
where (h.followers, h.following, h.gained) is distinct from (excluded.followers, excluded.following, excluded.gained)
;
execute golden (:since, :moment, :hub, :popular);
deallocate golden;
