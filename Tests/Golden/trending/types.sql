-- trending, types
\set types '''{"20","20"}'''
prepare golden (unknown) as
-- The names of the types of posts' and users' ids, as casts need them.
select format('%I.%I', nspname, typname) as name
from unnest($1::oid[]) with ordinality as wanted (id, place)
join pg_type as t on t.oid = wanted.id
join pg_namespace as n on n.oid = typnamespace
order by place
;
execute golden (:types);
deallocate golden;
