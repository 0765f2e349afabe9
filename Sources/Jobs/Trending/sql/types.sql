-- The names of the types of posts' and users' ids, as casts need them.
select format('%I.%I', nspname, typname) as name
from unnest(:types::oid[]) with ordinality as wanted (id, place)
join pg_type as t on t.oid = wanted.id
join pg_namespace as n on n.oid = typnamespace
order by place
