-- Tracked tables (oneshot.rollups_track), and what keeps their triggers from reporting changes. A table is found by
-- name, because another may have replaced it, or by its OID where it was renamed. Row triggers of each partition are
-- checked, too, because replication writes partitions. Names are looked up in the catalog: their schema may be one that
-- this role may not use.
with tracked as (
  select t.source, t.time_column, t.zone, coalesce(named.id, numbered.id) as id,
    case when named.id is null and numbered.id is not null then numbered.id::regclass::text else t.relation end as relation
  from oneshot.rollup_tables as t
  left join lateral (
    select pg_class.oid as id from pg_class join pg_namespace on pg_namespace.oid = relnamespace
    where nspname = (parse_ident(t.relation))[1] and relname = (parse_ident(t.relation))[2]) as named on true
  left join lateral (select oid as id from pg_class where oid = t.relid) as numbered on true
  where source = any (:sources::text[])
), places as (
  select tracked.*, id as place from tracked
  union
  select tracked.*, relid from tracked cross join lateral pg_partition_tree(id) where isleaf
), there as materialized (
  select asked.source, there.* from unnest(:sources::text[]) as asked (source)
  cross join lateral oneshot.rollup_triggers_made(asked.source) as there
), looked as (
  select places.source, places.relation, places.time_column, places.zone, places.id,
    {trigger_problem}
  from places
  left join lateral oneshot.rollup_triggers(source, id, time_column) as needed
    on place = id or needed.name ~ '_(applied|copied)$'
  -- By its function, whatever its name is: a partition has the trigger of its table under another name.
  left join lateral (
    select there.name as tgname, there.enabled as tgenabled from there
    where there.relation = place and there.source = places.source and there.time_column = places.time_column
      and right(needed.name, length(there.part)) = there.part) as made on true
), unreadable as (
  select source, relation, time_column,
    case when id is not null then oneshot.rollups_unreadable(id, time_column, zone) end as problem
  from tracked
), old as (
  -- Triggers from before oneshot.rollups_track: they write a null moment when a table was emptied.
  select asked.source, tgrelid::regclass::text as relation,
    format('%s of the table %s writes rollup_changes itself, and a null moment no longer says that a table was emptied',
      proname, tgrelid::regclass) as problem
  from unnest(:sources::text[]) as asked (source)
  join pg_proc on prosrc like '%rollup\_changes%' and strpos(prosrc, quote_literal(asked.source)) > 0
  join pg_trigger on tgfoid = pg_proc.oid
  where (tgtype & 32) <> 0 and prosrc !~ '\mmark\M'
)
select source,
  string_agg(problem, '; ' order by problem) as problem, string_agg(distinct remedy, '; ') as remedy
from (
  select source,
    {table_problem},
    case
      when id is null then format('delete from oneshot.rollup_tables where (source, relation) = (%L, %L)', source, relation)
      else format('select oneshot.rollups_track(%L, %L, %L%s)', source, relation, time_column, ', ' || quote_literal(zone))
    end as remedy
  from looked where problem is not null
  group by source, relation, time_column, zone, id
  union all
  select source, format('of the table %s: %s', relation, problem),
    format('select oneshot.rollups_untrack(%1$L, %2$L), oneshot.rollups_track(%1$L, %2$L, ...)', source, relation)
  from unreadable where problem is not null
  union all
  select source, problem, format('drop that trigger, and: select oneshot.rollups_track(%L, %L, ...)', source, relation) from old
) as problems
group by source
order by source
