-- Functions of the migration that the role may not call. (Those that are not there belong to a schema that is too old.)
select 'the role ' || current_user || ' may not execute ' || id as complaint
from unnest(array[
  'oneshot.search_flush()', 'oneshot.search_rebuild_abandon()', 'oneshot.search_rebuild_start()',
  'oneshot.search_rebuild_index(boolean)', 'oneshot.search_rebuild_ready()', 'oneshot.search_rebuild_swap()']) as name
cross join lateral (
  select case when has_schema_privilege('oneshot', 'usage') then to_regprocedure(name) end as id) as function
where not has_function_privilege(id, 'execute')
