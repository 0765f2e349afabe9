-- suggested-users, standing
\set columns '''{"deleted_at","suspended_at","discoverable","last_seen_at"}'''
\set tables '''{"blocks","mutes","suggestion_dismissals","follow_requests"}'''
prepare golden (unknown, unknown) as
-- What a run has to know before its work: how the application's tables are made.
select
  -- What is missing is missing where nothing is queued, too.
  exists (
    select f.follower_id, f.followee_id, f.created_at, u.id
    from follows as f, users as u where f.follower_id = u.id and false) as never,
  format_type((select atttypid from pg_attribute where attrelid = to_regclass('users') and attname = 'id'), -1) as id_type,
  array_to_string(array(
    select attname from pg_attribute
    where attrelid = to_regclass('users') and attname = any ($1::text[]) and not attisdropped
    order by 1), ',') as found_columns,
  array_to_string(array(
    select name from unnest($2::text[]) as names (name) where to_regclass(name) is not null
    order by 1), ',') as found_tables,
  array_to_string(array(select name from (-- The tables and views of which no trigger queues what is added and what is deleted: of a view one of a table behind it.
select t.name, found.oid::regclass::text as source, relkind in ('r', 'p') as is_table
from oneshot.suggest_tables() as t
join pg_class as found on found.oid = to_regclass(t.name)
where (
    with recursive behind as (
      select found.oid as id
      union
      select refobjid
      from behind
      join pg_rewrite on ev_class = behind.id
      join pg_depend on classid = 'pg_rewrite'::regclass and objid = pg_rewrite.oid and refclassid = 'pg_class'::regclass
    )
    select count(distinct tgtype & 12)
    from behind join pg_trigger on tgrelid = behind.id
    -- Of each statement, for insertions (4) or deletions (8), and not disabled.
    where tgfoid = 'oneshot.suggest_enqueue()'::regprocedure and tgenabled in ('O', 'A') and tgtype & 1 = 0
      and tgtype & 12 > 0) < 2
) as untracked order by 1), ',') as untracked,
  (select counted_at from oneshot.suggestion_state) as counted_at,
  -- Whether the server keeps a pair from standing in follows twice, and each side of it from being null. It does so in no view,
-- and not in a table that others inherit from.
exists (
    select from pg_index join pg_class on pg_class.oid = indrelid
    where indrelid = to_regclass('follows') and indisunique and indisvalid and indpred is null and indexprs is null
      and (relkind = 'p' or not relhassubclass)
      and (
        select count(*) from pg_attribute
        where attrelid = indrelid and attname in ('follower_id', 'followee_id') and attnotnull) = 2
      and not exists (
        select from generate_series(0, indnkeyatts - 1) as place
        left join pg_attribute on attrelid = indrelid and attnum = indkey[place]
          and attname in ('follower_id', 'followee_id')
        where attname is null))
 as has_pairs_once,
  (
    -- Columns and their collations, where they have several: texts are not compared then, unless one is the database's.
    select string_agg(distinct attrelid::regclass || '.' || attname || ' ' || attcollation::regcollation, ', ')
    from (values ('users', 'id'), ('follows', 'follower_id'), ('follows', 'followee_id'), ('blocks', 'user_id'), ('blocks', 'target_id'), ('mutes', 'user_id'), ('mutes', 'target_id'), ('suggestion_dismissals', 'user_id'), ('suggestion_dismissals', 'target_id'), ('follow_requests', 'follower_id'), ('follow_requests', 'followee_id')) as read (name, column_name)
    join pg_attribute on attrelid = to_regclass(name) and attname = column_name and attnum > 0 and not attisdropped
    where attcollation not in (0, 'pg_catalog."default"'::regcollation)
    having count(distinct attcollation) > 1)
 as collations
;
execute golden (:columns, :tables);
deallocate golden;
