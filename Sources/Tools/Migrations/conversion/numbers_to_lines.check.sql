-- What keeps a database with the numbering of before from being brought over: one row each.
select format('the migrations of this database end at %s of the old numbering; only one that ends at 11 can be converted', max(version))
    as complaint,
  'Run `oneshot migrate` of commit 3590569 first, then this one.' as remedy
from oneshot.migrations
having array_agg(version || ' ' || name order by version) is distinct from array[
  '1 ledger', '2 usage', '3 totals', '4 top_stats', '5 variants', '6 rollups', '7 search', '8 operations', '9 replay',
  '10 incidents', '11 search_rebuild']
union all
select format('%s is not in the schema %s, where search_path leads', missing, coalesce(current_schema(), '(none)')),
  'Set search_path to the schema in which it is: options=-csearch_path%3DSCHEMA in DATABASE_URL.'
from (
  select name as missing from unnest(array['top_stats_history', 'search_documents']) as name
  where not exists (
    select from pg_class join pg_namespace on pg_namespace.oid = relnamespace
    where relname = name and nspname = current_schema())
  union all
  select 'the function search(text, text[], integer)'
  where not exists (
    select from pg_proc join pg_namespace on pg_namespace.oid = pronamespace
    where proname = 'search' and nspname = current_schema()
      and pg_get_function_identity_arguments(pg_proc.oid) like '%text, entities text[], "limit" integer%')) as needed
