-- Moves posts to another state and writes an event for each, in the order in which they were due. The posts are locked.
with moved as (
  update {table} as post
  set {status} = :to{published_at}
  from unnest(:id_texts::text[], :due_list::timestamptz[], :dedups::text[]) as due (id, due_at, dedup)
  where post.{id} = any (:ids) and post.{id}::text = due.id and post.{status} = :from
  returning post.{id} as id, due.due_at, due.dedup, {published} as published_at,
    (extract(epoch from now() - due.due_at) * 1000)::bigint as late_ms
), happened as (
  select row_number() over (order by due_at, id) as place, dedup, :type::text as type,
    jsonb_strip_nulls(jsonb_build_object(
      'table', :table_name::text, 'id', id, 'scheduled_for', due_at, 'published_at', published_at, 'late_ms', late_ms,
      'run', :run_id::uuid)) as data
  from moved
), written as (
  {written}
)
select id::text as id, late_ms from moved
