-- publish-scheduled, hold
\set to '''missed'''
\set id_texts '''{"1"}'''
\set due_list '''{"2025-11-08T01:00:00+00:00"}'''
\set dedups '''{"posts/1/2025-11-08T01:00:00+00:00/missed"}'''
\set ids '''{"1"}'''
\set from '''scheduled'''
\set type '''post.missed'''
\set table_name '''posts'''
\set run_id '''01a228a9-1ce6-7a5b-af9a-758367ac1df3'''
\set moment '''2025-11-08T02:00:00Z''::timestamptz'
prepare golden (unknown, unknown, unknown, unknown, unknown, unknown, unknown, unknown, unknown, timestamptz) as
-- Moves posts to another state and writes an event for each, in the order in which they were due. The posts are locked.
with moved as (
  update "posts" as post
  set "status" = $1
  from unnest($2::text[], $3::timestamptz[], $4::text[]) as due (id, due_at, dedup)
  where post."id" = any ($5) and post."id"::text = due.id and post."status" = $6
  returning post."id" as id, due.due_at, due.dedup, null::timestamptz as published_at,
    (extract(epoch from now() - due.due_at) * 1000)::bigint as late_ms
), happened as (
  select row_number() over (order by due_at, id) as place, dedup, $7::text as type,
    jsonb_strip_nulls(jsonb_build_object(
      'table', $8::text, 'id', id, 'scheduled_for', due_at, 'published_at', published_at, 'late_ms', late_ms,
      'run', $9::uuid)) as data
  from moved
), written as (
  -- Writes events; their numbers (seq) are in the order of place.
insert into oneshot.events (dedup, event, run_id)
select dedup,
  jsonb_build_object('id', dedup, 'type', type, 'timestamp', $10::timestamptz, 'data', data), $9::uuid
from happened as happened
order by place
on conflict (dedup) do nothing

)
select id::text as id, late_ms from moved
;
execute golden (:to, :id_texts, :due_list, :dedups, :ids, :from, :type, :table_name, :run_id, :moment);
deallocate golden;
