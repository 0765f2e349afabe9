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
where pg_class.oid = to_regclass('follows') and relkind in ('r', 'p') and reltuples >= 10000 and not {pairs_once}
union all
select case
    when is_table then
      format('no trigger of %s queues whose suggestions change: as its owner, run select oneshot.suggest_track()', source)
    else format(
      'no trigger of a table behind %s queues whose suggestions change: as its owner, run select oneshot.suggest_track(''TABLE'', %L, ''COLUMN'')',
      source, name)
  end
from ({untracked}) as untracked
