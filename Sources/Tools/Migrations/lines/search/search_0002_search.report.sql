-- Where search() is now.
select case
  when obj_description(synonym, 'pg_proc') = 'A synonym of oneshot.search().' then
    format('search() is oneshot.search(); %s.search() is a synonym of it', current_schema())
  else
    format('search() is oneshot.search(), without a synonym: %s is another function', synonym)
  end as line
from (
  select min(pg_proc.oid)::regprocedure as synonym
  from pg_proc join pg_namespace on pg_namespace.oid = pronamespace
  where proname = 'search' and nspname = current_schema()) as found
