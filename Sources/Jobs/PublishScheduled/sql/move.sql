-- Moves posts to another state and writes an event for each, in the order in which they were due. The posts are locked.
with oneshot_moved as (
  update {table} as post
  set {status} = :to{published_at}
  from unnest(:id_texts::text[], :due_list::timestamptz[], :dedups::text[]) as due (oneshot_id, oneshot_due, oneshot_dedup)
  -- The moment, too: where the id is not unique, a post that is due at another time is another post.
  where post.{id} = any (:ids) and post.{id}::text = due.oneshot_id and post.{status} = :from and {due} = due.oneshot_due
  returning post.{id} as id, due.oneshot_due as due_at, due.oneshot_dedup as dedup, {published} as published_at,
    (extract(epoch from now() - due.oneshot_due) * 1000)::bigint as late_ms,
    -- A trigger may have made it something else.
    post.{status} is not distinct from :to as is_there, post.{status}::text as state
), happened as (
  select row_number() over (order by due_at, id) as place, dedup, :type::text as type,
    jsonb_strip_nulls(jsonb_build_object(
      'instance', nullif(:instance::text, ''), 'schema', (
        select nspname from pg_namespace join pg_class on pg_namespace.oid = relnamespace
        where pg_class.oid = to_regclass(:shown)),
      'table', :table_name::text, 'id', id, 'column', :status_column::text, 'to', state, 'scheduled_for', due_at,
      'published_at', published_at, 'late_ms', late_ms, 'run', :run_id::uuid)) as data
  from oneshot_moved
  where is_there
), written as (
  {written}
)
select id::text as id, late_ms, is_there, state from oneshot_moved
