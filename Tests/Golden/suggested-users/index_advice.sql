-- suggested-users, index_advice
prepare golden as
-- Large tables without an index, all of which is read for each user's list.
select format('no index of %s begins with %s, so each batch reads all of it: create index concurrently on %s (%s)',
    pg_class.oid::regclass, needed.first, pg_class.oid::regclass, needed.columns) as advice
from (values
  ('follows', 'follower_id', 'follower_id, created_at desc, followee_id'),
  ('follows', 'followee_id', 'followee_id, created_at desc, follower_id'),
  ('blocks', 'user_id', 'user_id'), ('blocks', 'target_id', 'target_id'), ('mutes', 'user_id', 'user_id'),
  ('suggestion_dismissals', 'user_id', 'user_id'),
  ('follow_requests', 'follower_id', 'follower_id')) as needed (name, first, columns)
join pg_class on pg_class.oid = to_regclass(needed.name) and relkind in ('r', 'p', 'm') and reltuples >= 10000
where not exists (
  select from pg_index
  join pg_attribute on attrelid = indrelid and attnum = indkey[0]
  where indrelid = pg_class.oid and indisvalid and indpred is null and attname = needed.first)
union all
select format('no index of %s is in the order of created_at for each follower_id, so the newest follows are sorted each time: create index concurrently on %s (follower_id, created_at desc, followee_id)',
    pg_class.oid::regclass, pg_class.oid::regclass)
from pg_class
where pg_class.oid = to_regclass('follows') and relkind in ('r', 'p', 'm') and reltuples >= 10000
  and not exists (
    select from pg_index
    where indrelid = pg_class.oid and indisvalid and indpred is null
      and pg_get_indexdef(indexrelid) like '%(follower_id, created_at%')
union all
select format('%s may have a pair twice, so each question looks for those: create unique index concurrently on %s (follower_id, followee_id), and make both columns not null',
    pg_class.oid::regclass, pg_class.oid::regclass)
from pg_class
where pg_class.oid = to_regclass('follows') and relkind in ('r', 'p') and reltuples >= 10000 and not -- Whether the server keeps a pair from standing in follows twice, and each side of it from being null. It does so in no view,
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

union all
select case
    when is_table then
      format('no trigger of %s queues whose suggestions change: as its owner, run select oneshot.suggest_track()', source)
    else format(
      'no trigger of a table behind %s queues whose suggestions change: as its owner, run select oneshot.suggest_track(''TABLE'', %L, ''COLUMN'')',
      source, name)
  end
from (-- The tables and views of which no trigger queues what is added and what is deleted: of a view one of a table behind it.
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
) as untracked
;
execute golden;
deallocate golden;
