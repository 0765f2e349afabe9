-- Whether the file yields what it has to, may be read, and has ids that can be looked for and sorted. A pseudo-type (a
-- record) cannot be read from a text.
select pg_typeof(present.id)::text as id_type,
  (select typtype = 'p' from pg_type where oid = pg_typeof(present.id)) as is_pseudo
from (select 1) as one
left join (select id, a from source_rows where false and id = any ('{}') order by id) as present on true
