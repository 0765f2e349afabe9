-- stage-table, shape
\set shown '''tallies'''
prepare golden (unknown) as
-- What the table is, and why it is not written, as the rest of a sentence.
with tree as (
  select t.oid from pg_class as t where t.oid = to_regclass($1)
  union
  select relid from pg_partition_tree(to_regclass($1))
)
select
  case
    when t.relkind = 'f' then 'is a foreign table: what is written there is in no transaction of ours'
    when t.relkind = 'v' then 'is a view'
    when t.relkind not in ('r', 'p') then 'is no table'
    when n.nspname in ('oneshot', 'pg_catalog', 'information_schema') then 'is no table of the application'
    when t.relkind = 'r' and exists (select from pg_inherits where inhparent = t.oid)
      then 'has tables that inherit from it'
    when exists (select from tree join pg_class as part using (oid) where part.relkind = 'f')
      then 'has a foreign table as a partition'
    when exists (select from tree join pg_rewrite on ev_class = tree.oid) then 'has rules, which would change what is written'
  end as complaint,
  -- Enabled ones for each row, before it is written (tgtype is a set of bits).
  exists (
    select from tree join pg_trigger on tgrelid = tree.oid
    where not tgisinternal and tgenabled <> 'D' and tgtype & 3 = 3) as has_row_triggers
from pg_class as t
join pg_namespace as n on n.oid = t.relnamespace
where t.oid = to_regclass($1)
;
execute golden (:shown);
deallocate golden;
