-- reindex, untracked
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
-- What keeps changes of tables that are tracked from being queued.
looked as (
  select places.entity, places.relation, places.id_column, places.id,
    case
  when places.id is null then 'it is gone'
  when made.tgname is null then format('%s is missing', needed.name)
  when made.tgenabled = 'D' then format('%s is disabled', needed.name)
  when needed.fires in ('R', 'A') and made.tgenabled not in ('R', 'A') then
    format('%s is by-passed by replication', needed.name)
  when needed.fires in ('O', 'A') and made.tgenabled not in ('O', 'A') then
    format('%s is by-passed by ordinary sessions', needed.name)
end || case when places.place is distinct from places.id then format(' (partition %s)', places.place::regclass) else '' end
  as problem,
(select string_agg(distinct quote_ident(subname), ', ')
  from pg_subscription_rel join pg_subscription on pg_subscription.oid = srsubid where srrelid = places.place)
  as subscription
  from places
  cross join lateral oneshot.search_triggers(places.entity) as needed
  left join made on made.entity = places.entity and made.relation = places.relation and made.place = places.place
    -- A partition has the trigger of its table under whatever name.
    and (tgname = needed.name or tgparentid <> 0)
  where places.place is not distinct from places.id or needed.name ~ '_applied$'
), problems (entity, problem, remedy) as (
  select entity, format('of the table %s: it has no column %I any more', relation, id_column),
    format('select oneshot.search_track(%L, %L, ''...''), with the column of its ids', relation, entity)
  from tracked
  where id is not null and not exists (
    select from pg_attribute where attrelid = id and attname = id_column and attnum > 0 and not attisdropped)
  union all
  select entity,
    format('of the table %s: ', relation) || string_agg(distinct problem, ', ' order by problem)
  || coalesce(' (the subscription ' || max(subscription) || ' writes it)', '') as problem,
    case
      when id is null then format('delete from oneshot.search_tracked where (entity, relation) = (%L, %L)', entity, relation)
      else format('select oneshot.search_track(%L, %L%s)', relation, entity, ', ' || quote_literal(nullif(id_column, 'id')))
    end
  from looked where problem is not null
  group by entity, relation, id_column, id
  union all
  select entity, format('the role %s, which owns oneshot.search_enqueue(), lacks ', owner)
      || string_agg(format('%s on %s', lacking, place), ', ' order by place),
    string_agg(format('grant %s on %s to %s', lacking, place, owner), '; ' order by place)
  from (select distinct entity from tracked) as entities
  cross join (
    select proowner::regrole as owner from pg_proc where oid = 'oneshot.search_enqueue()'::regprocedure) as function
  cross join lateral (
    select privilege, relation_id::regclass::text
    from (values ('insert', 'search_pending'::regclass::oid), ('insert', 'oneshot.search_unknown'::regclass),
      ('select', 'search_documents'::regclass)) as tables (privilege, relation_id)
    where not has_table_privilege(owner, relation_id, privilege)
    union all
    select 'usage', 'schema ' || namespace::regnamespace
    from (select 'oneshot'::regnamespace::oid
      union select relnamespace from pg_class where oid = 'search_pending'::regclass) as schemas (namespace)
    where not has_schema_privilege(owner, namespace, 'usage')) as missing (lacking, place)
  group by entity, owner
)
select entity, string_agg(problem, '; ' order by problem) as problem, string_agg(distinct remedy, '; ') as remedy
from problems
group by entity
order by entity
;
execute golden (:entities);
deallocate golden;
