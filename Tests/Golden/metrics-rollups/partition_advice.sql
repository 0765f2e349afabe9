-- metrics-rollups, partition_advice
prepare golden as
-- Triggers of a partitioned table see what is done by its own name, and not what is done to a partition.
select format(
    'the table %s is partitioned: what is done to a partition (truncated, dropped, attached, or rows written by its own name) is not noticed; rebuild that range after it',
    id::regclass) as advice
from (select to_regclass('metric_events')::oid as id) as found
join pg_class on pg_class.oid = id
where relkind = 'p'
;
execute golden;
deallocate golden;
