-- What the application's tables have of what they may do without, and what became of the run before.
select
  coalesce((
    select string_agg(relation || '.' || attname, ',')
    from unnest(array['users', 'feeds', 'feed_views', 'feed_views', 'blocks', 'mutes'],
      array['deleted_at', 'deleted_at', 'user_id', 'viewed_at', 'target_id', 'target_id']) as optional (relation, name)
    join pg_attribute on attrelid = to_regclass(relation) and attname = name and attnum > 0 and not attisdropped), '')
    as columns,
  coalesce((
    -- The type that a domain is of, however many domains are between them.
    with recursive type as (
      select atttypid as id from pg_attribute where attrelid = to_regclass('users') and attname = 'id'
      union all
      select typbasetype from type join pg_type on pg_type.oid = type.id where typbasetype <> 0
    )
    select format_type(type.id, -1) from type join pg_type on pg_type.oid = type.id where typbasetype = 0), '')
    as user_type,
  {user_collations} as user_collations,
  {post_collations} as post_collations,
  (
    select max(started_at) from oneshot.job_runs
    where (instance, job, server, variant, shard, shard_count) =
      (:instance, :job, :server, :variant, :shard::integer, :shards::integer)
      and status in ('succeeded', 'partial')) as last_started_at,
  exists (
    select from oneshot.dead_letters
    where (instance, job, server) = (:instance, :job, :server) and state = 'pending') as has_letters
