-- Whether a table metric_events that is there already can be used: one row if not.
select format('%s.metric_events is %s, not a table: no column, trigger or index can be added to it', current_schema(),
    case relkind when 'v' then 'a view' when 'm' then 'a materialized view' when 'f' then 'a foreign table'
      else 'something else' end) as complaint,
  'Rename it and migrate again: this makes a table. To read what it shows, put a source of your own in ROLLUPS_SOURCES_DIR.'
    as remedy
from pg_class join pg_namespace on pg_namespace.oid = relnamespace and nspname = current_schema()
where relname = 'metric_events' and relkind not in ('r', 'p')
union all
select format('the table %s.metric_events is of another shape: ', current_schema())
    || string_agg(
      format('%s %s', needed.name, coalesce('is ' || format_type(atttypid, null), 'is missing')), ', '
      order by needed.name) as complaint,
  'Rename it and migrate again: this makes one with metric, entity_type, entity_id (text), value (double precision) and occurred_at (timestamptz). Or rename and change its columns.'
    as remedy
from pg_class
join pg_namespace on pg_namespace.oid = relnamespace and nspname = current_schema()
cross join (
  values ('metric', array['text', 'character varying']), ('entity_type', array['text', 'character varying']),
    ('entity_id', array['text', 'character varying']),
    ('value', array['double precision', 'real', 'numeric', 'bigint', 'integer', 'smallint']),
    ('occurred_at', array['timestamp with time zone']), ('written_by', array['xid8'])) as needed (name, types)
left join pg_attribute
  on attrelid = pg_class.oid and attname = needed.name and not attisdropped and attnum > 0
where relname = 'metric_events' and relkind in ('r', 'p')
  and case
    when attname is null then needed.name <> 'written_by' else format_type(atttypid, null) <> all (needed.types) end
having count(*) > 0
