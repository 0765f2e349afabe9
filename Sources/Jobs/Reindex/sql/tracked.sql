-- Tables that are tracked for these entities (oneshot.search_track), by name, for another table may have taken the place; and
-- row triggers of each partition, too, for replication writes partitions.
tracked as materialized (
  select t.*, (
      -- (to_regclass fails for a schema that the role may not use.)
      select pg_class.oid from pg_class join pg_namespace on pg_namespace.oid = relnamespace
      where format('%I.%I', nspname, relname) = relation) as id,
    convert_to(entity, getdatabaseencoding()) || '\x00' || convert_to(id_column, getdatabaseencoding()) || '\x00' as arguments
  from oneshot.search_tracked as t where entity = any (:entities::text[])
), places as materialized (
  select tracked.*, id as place from tracked
  union
  select tracked.*, relid from tracked cross join lateral pg_partition_tree(id) where isleaf
), made as materialized (
  select entity, relation, place, trigger.oid, trigger.xmin, tgname, tgenabled, tgparentid
  from places join pg_trigger as trigger on tgrelid = place and tgargs = arguments
  where tgfoid = 'oneshot.search_enqueue()'::regprocedure
)
