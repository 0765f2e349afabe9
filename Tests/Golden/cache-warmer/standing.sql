-- cache-warmer, standing
\set instance ''''''
\set job '''cache-warmer'''
\set server ''''''
\set variant ''''''
\set shard '''0''::bigint'
\set shards '''1''::bigint'
prepare golden (unknown, unknown, unknown, unknown, bigint, bigint) as
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
  (
    -- Columns and their collations, where they have several: texts are not compared then, unless one is the database's.
    select string_agg(distinct attrelid::regclass || '.' || attname || ' ' || attcollation::regcollation, ', ')
    from (values ('users', 'id'), ('feeds', 'user_id'), ('feed_likes', 'user_id'), ('feed_comments', 'user_id'), ('feed_views', 'user_id'), ('follows', 'follower_id'), ('follows', 'followee_id'), ('blocks', 'user_id'), ('blocks', 'target_id'), ('mutes', 'user_id'), ('mutes', 'target_id')) as read (name, column_name)
    join pg_attribute on attrelid = to_regclass(name) and attname = column_name and attnum > 0 and not attisdropped
    where attcollation not in (0, 'pg_catalog."default"'::regcollation)
    having count(distinct attcollation) > 1)
 as user_collations,
  (
    -- Columns and their collations, where they have several: texts are not compared then, unless one is the database's.
    select string_agg(distinct attrelid::regclass || '.' || attname || ' ' || attcollation::regcollation, ', ')
    from (values ('feeds', 'id'), ('feed_likes', 'feed_id'), ('feed_comments', 'feed_id'), ('feed_views', 'feed_id')) as read (name, column_name)
    join pg_attribute on attrelid = to_regclass(name) and attname = column_name and attnum > 0 and not attisdropped
    where attcollation not in (0, 'pg_catalog."default"'::regcollation)
    having count(distinct attcollation) > 1)
 as post_collations,
  (
    select max(started_at) from oneshot.job_runs
    where (instance, job, server, variant, shard, shard_count) =
      ($1, $2, $3, $4, $5::integer, $6::integer)
      and status in ('succeeded', 'partial')) as last_started_at,
  exists (
    select from oneshot.dead_letters
    where (instance, job, server) = ($1, $2, $3) and state = 'pending') as has_letters
;
execute golden (:instance, :job, :server, :variant, :shard, :shards);
deallocate golden;
