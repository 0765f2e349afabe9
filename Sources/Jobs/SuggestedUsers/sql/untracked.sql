-- The tables and views of which no trigger queues what is added and what is deleted: of a view one of a table behind it.
select t.name, found.oid::regclass::text as source, relkind in ('r', 'p') as is_table
from oneshot.suggest_tables() as t
join pg_class as found on found.oid = to_regclass(t.name)
where (
    with recursive behind as (
      select found.oid as id
      union
      select refobjid
      from behind
      join pg_rewrite on ev_class = behind.id
      join pg_depend on classid = 'pg_rewrite'::regclass and objid = pg_rewrite.oid and refclassid = 'pg_class'::regclass
    )
    select count(distinct tgtype & 12)
    from behind join pg_trigger on tgrelid = behind.id
    -- Of each statement, for insertions (4) or deletions (8), and not disabled.
    where tgfoid = 'oneshot.suggest_enqueue()'::regprocedure and tgenabled in ('O', 'A') and tgtype & 1 = 0
      and tgtype & 12 > 0) < 2
