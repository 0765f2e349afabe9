-- reindex, unseen
\set entities '''{"asset","creator","project","license","blog_post"}'''
prepare golden (unknown) as
with -- Tables that are tracked for these entities (oneshot.search_track), by name, for another table may have taken the place; and
-- row triggers of each partition, too, for replication writes partitions.
tracked as materialized (
  select t.*, (
      -- (to_regclass fails for a schema that the role may not use.)
      select pg_class.oid from pg_class join pg_namespace on pg_namespace.oid = relnamespace
      where format('%I.%I', nspname, relname) = relation) as id,
    convert_to(entity, getdatabaseencoding()) || '\x00' || convert_to(id_column, getdatabaseencoding()) || '\x00' as arguments
  from oneshot.search_tracked as t where entity = any ($1::text[])
), places as materialized (
  select tracked.*, id as place from tracked
  union
  select tracked.*, relid from tracked cross join lateral pg_partition_tree(id) where isleaf
), made as materialized (
  select entity, relation, place, trigger.oid, trigger.xmin, tgname, tgenabled, tgparentid
  from places join pg_trigger as trigger on tgrelid = place and tgargs = arguments
  where tgfoid = 'oneshot.search_enqueue()'::regprocedure
)
,
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
;
execute golden (:entities);
deallocate golden;
