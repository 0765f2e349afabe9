-- metrics-rollups, advice
prepare golden as
-- Reasons why some events of metric_events are not noticed.
with events as (select to_regclass('metric_events')::oid as id)
-- Triggers of a partitioned table see changes by the table's name, and not changes by a partition's name.
select format(
    'the table %s is partitioned: what is done to a partition (truncated, dropped, attached, or rows written by its own name) is not noticed; rebuild that range after it',
    id::regclass) as advice
from events join pg_class on pg_class.oid = id
where relkind = 'p'
union all
select format(
    'the table %s takes any written_by: rows with an old one are never counted, and then removed. Somebody has dropped or disabled its triggers %s: make them again, as rollups_0005_written_by.sql does',
    id::regclass, string_agg(name, ', ' order by name))
from events cross join (values ('metric_events_writer_inserted'), ('metric_events_writer_updated')) as needed (name)
where not exists (
  select from pg_trigger where tgrelid = id and tgname = name and tgenabled in ('O', 'A'))
group by id
union all
-- Rows from before the triggers, or restored from another cluster.
select format(
    'the table %s has rows whose written_by (%s is the highest) is of no transaction of this cluster yet: ROLLUPS_KEEP_RAW does not remove them, and oneshot.close_raw refuses to close their days. update %s set written_by = default where written_by > pg_current_xact_id()',
    id::regclass, newest.written_by, id::regclass)
from events cross join (select written_by from metric_events order by written_by desc limit 1) as newest
where newest.written_by >= pg_snapshot_xmax(pg_current_snapshot())
;
execute golden;
deallocate golden;
