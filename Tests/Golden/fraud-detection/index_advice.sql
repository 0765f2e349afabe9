-- fraud-detection, index_advice
prepare golden as
-- A large table without an index, all of which each run reads.
select format('no index of %s begins with created_at, so a run reads all of it: create index concurrently on %s (created_at)',
    id::regclass, id::regclass) as advice
from (select to_regclass('waitlist_entries')::oid) as entries (id)
join pg_class on pg_class.oid = id
where relkind in ('r', 'p', 'm') and reltuples >= 10000
  and not exists (
    select from pg_attribute where attrelid = id and attname = 'written_by' and not attisdropped)
  and not exists (
    select from pg_index
    join pg_attribute on attrelid = indrelid and attnum = indkey[0]
    where indrelid = id and indisvalid and attname = 'created_at')
;
execute golden;
deallocate golden;
