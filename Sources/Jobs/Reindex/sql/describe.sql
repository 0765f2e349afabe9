-- Whether the file yields what it has to, and may be read.
select pg_typeof(present.id) as id_type
from (select 1) as one left join (select id, a from source_rows where false) as present on true
