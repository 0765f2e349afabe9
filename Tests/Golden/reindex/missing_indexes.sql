-- reindex, missing_indexes
prepare golden as
-- What search_documents needs and somebody has dropped: to be searched, and to be written.
select what
from pg_class as documents
cross join lateral (
  select exists (select from pg_index where indrelid = documents.oid and indisprimary) as has_key,
    exists (
      select from pg_index join pg_class as index on index.oid = indexrelid join pg_am on pg_am.oid = index.relam
      join pg_attribute on attrelid = indrelid and attname = 'document' and attnum = indkey[0]
      where indrelid = documents.oid and indisvalid and amname = 'gin' and indpred is null) as has_index) as found
cross join lateral (values ('primary key', has_key), ('GIN index of document', has_index)) as needed (what, is_there)
where documents.oid = 'search_documents'::regclass and not is_there
order by what
;
execute golden;
deallocate golden;
