-- publish-scheduled, footing
\set shown '''posts'''
\set id_column '''id'''
prepare golden (unknown, unknown) as
-- What a table is, as far as the job's work depends on it.
with recursive oneshot_parts as (
  select to_regclass($1)::oid as part
  union all
  select inhrelid from pg_inherits join oneshot_parts on inhparent = part
)
select
  exists (select from oneshot_parts join pg_class on oid = part where relkind = 'f') as is_foreign,
  -- Of a partitioned table the key may have to hold more columns; of a view there is none.
  coalesce((
    select relkind = 'r' and not exists (
      select from pg_index
      join pg_attribute on attrelid = indrelid and attnum = indkey[0]
      where indrelid = pg_class.oid and attname = $2 and indnkeyatts = 1 and indisunique and indisvalid
        and indpred is null)
    from pg_class where pg_class.oid = to_regclass($1)), false) as has_no_key
;
execute golden (:shown, :id_column);
deallocate golden;
