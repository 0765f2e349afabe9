-- reward-delivery, index_advice
prepare golden as
-- A large table of rewards without an index, all of which each run reads.
select format(
    'no index of %s finds what is due, so a run reads all of it: create index concurrently on %s (earned_at, id) where status = ''due''',
    pg_class.oid::regclass, pg_class.oid::regclass) as advice
from pg_class
where pg_class.oid = to_regclass('rewards') and relkind in ('r', 'p', 'm') and reltuples >= 10000
  and not exists (
    select from pg_index
    left join pg_attribute on attrelid = indrelid and attnum = indkey[0]
    where indrelid = pg_class.oid and indisvalid
      and (attname = 'status' or pg_get_expr(indpred, indrelid) like '%''due''%'))
;
execute golden;
deallocate golden;
