-- stage-table, keys
\set shown '''tallies'''
prepare golden (unknown) as
-- The columns of unique indexes by which a row can be found, place by place.
select i.indisprimary as is_primary, place, attname as name
from pg_index as i
cross join unnest((i.indkey::int2[])[0 : i.indnkeyatts - 1]) with ordinality as k (number, place)
join pg_attribute on attrelid = i.indrelid and attnum = k.number
where i.indrelid = to_regclass($1) and i.indisunique and i.indimmediate and i.indisvalid
  and i.indpred is null and i.indexprs is null
order by i.indexrelid, place
;
execute golden (:shown);
deallocate golden;
