-- Of a table whose triggers, columns or queue are not those that a run has last seen, something unknown has changed.
versions as (
  select entity, relation, seen, hashtextextended(concat_ws(' ',
    (select string_agg(concat(oid, '/', xmin), ' ' order by oid) from pg_class
      where oid in ('search_pending'::regclass, 'oneshot.search_unknown'::regclass)),
    (select xmin from pg_proc where oid = 'oneshot.search_enqueue()'::regprocedure),
    (select string_agg(concat(oid, '/', xmin), ' ' order by oid) from made
      where made.entity = tracked.entity and made.relation = tracked.relation),
    (select string_agg(concat(attnum, '/', xmin), ' ' order by attnum) from pg_attribute
      where attrelid = tracked.id and attnum > 0)), 0) as version
  from tracked
), unseen as (
  update oneshot.search_tracked as t set seen = version
  from versions
  where (t.entity, t.relation) = (versions.entity, versions.relation) and t.seen is distinct from version
  returning t.entity, t.relation, versions.seen
)
insert into oneshot.search_unknown (entity, reason)
select entity, format(
  case
    when seen is null then 'no run has read all of the table %s since it is tracked'
    else 'the triggers or columns of the table %s, or the queue, are not those that a run has last seen'
  end, relation)
from unseen
order by entity, relation
