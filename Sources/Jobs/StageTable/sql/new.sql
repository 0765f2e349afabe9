{head}
from pg_temp.oneshot_staged as s
where not exists (select from {table} as t where {same_key}){tail}
