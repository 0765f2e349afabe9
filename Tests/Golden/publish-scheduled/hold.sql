-- publish-scheduled, hold
\set to '''missed'''
\set id_texts '''{"1"}'''
\set due_list '''{"2025-11-08T01:00:00+00:00"}'''
\set dedups '''{"posts/1/2025-11-08T01:00:00+00:00/missed/01a228a9-1ce6-7a5b-af9a-758367ac1df3"}'''
\set ids '''{"1"}'''
\set from '''scheduled'''
\set type '''post.missed'''
\set instance ''''''
\set shown '''posts'''
\set table_name '''posts'''
\set status_column '''status'''
\set run_id '''01a228a9-1ce6-7a5b-af9a-758367ac1df3'''
\set moment '''2025-11-08T02:00:00Z''::timestamptz'
prepare golden (unknown, unknown, unknown, unknown, unknown, unknown, unknown, unknown, unknown, unknown, unknown, unknown, timestamptz) as
-- Moves posts to another state and writes an event for each, in the order in which they were due. The posts are locked.
with oneshot_moved as (
  update "posts" as post
  set "status" = $1
  from unnest($2::text[], $3::timestamptz[], $4::text[]) as due (oneshot_id, oneshot_due, oneshot_dedup)
  -- The moment, too: where the id is not unique, a post that is due at another time is another post.
  where post."id" = any ($5) and post."id"::text = due.oneshot_id and post."status" = $6 and post."publish_at" = due.oneshot_due
  returning post."id" as id, due.oneshot_due as due_at, due.oneshot_dedup as dedup, null::timestamptz as published_at,
    (extract(epoch from now() - due.oneshot_due) * 1000)::bigint as late_ms,
    -- A trigger may have made it something else.
    post."status" is not distinct from $1 as is_there, post."status"::text as state
), happened as (
  select row_number() over (order by due_at, id) as place, dedup, $7::text as type,
    jsonb_strip_nulls(jsonb_build_object(
      'instance', nullif($8::text, ''), 'schema', (
        select nspname from pg_namespace join pg_class on pg_namespace.oid = relnamespace
        where pg_class.oid = to_regclass($9)),
      'table', $10::text, 'id', id, 'column', $11::text, 'to', state, 'scheduled_for', due_at,
      'published_at', published_at, 'late_ms', late_ms, 'run', $12::uuid)) as data
  from oneshot_moved
  where is_there
), written as (
  -- Writes events; their numbers (seq) are in the order of place.
insert into oneshot.events (dedup, event, run_id)
select dedup,
  jsonb_build_object('id', dedup, 'type', type, 'timestamp', $13::timestamptz, 'data', data), $12::uuid
from happened as happened
order by place
on conflict (dedup) do nothing

)
select id::text as id, late_ms, is_there, state from oneshot_moved
;
execute golden (:to, :id_texts, :due_list, :dedups, :ids, :from, :type, :instance, :shown, :table_name, :status_column, :run_id, :moment);
deallocate golden;
