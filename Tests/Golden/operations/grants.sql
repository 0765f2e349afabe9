-- operations, grants
\set tables '''{"oneshot.job_runs","oneshot.job_runs"}'''
\set privileges '''{"select","update"}'''
\set columns '''{"","status"}'''
\set functions '''{"oneshot.search_flush()"}'''
\set role '''jobs'''
prepare golden (unknown, unknown, unknown, unknown, unknown) as
-- The statements that grant what runs need. Names are resolved as the role of the connection sees them. What is not there
-- is named instead.
with wanted as (
  select name, privilege, nullif(column_name, '') as column_name
  from unnest($1::text[], $2::text[], $3::text[]) as w (name, privilege, column_name)
), found as (
  select w.*, c.oid as id, c.relname, c.relnamespace as schema_id
  from wanted w left join pg_class c on c.oid = to_regclass(w.name)
), lines as (
  select id, relname, schema_id,
    string_agg(distinct privilege, ', ' order by privilege) filter (where column_name is null) as whole
  from found where id is not null group by id, relname, schema_id
), limited as (
  -- A privilege for the whole table has those for its columns in it.
  select f.id, f.privilege || ' (' || string_agg(distinct quote_ident(f.column_name), ', ') || ')' as text
  from found f
  where f.column_name is not null and not exists (
    select from found w where w.id = f.id and w.privilege = f.privilege and w.column_name is null)
  group by f.id, f.privilege
), functions as (
  select signature, p.oid as id, p.pronamespace as schema_id
  from unnest($4::text[]) as signature left join pg_proc p on p.oid = to_regprocedure(signature)
), named as (
  select 1 as part, n.nspname as name,
    format('grant usage on schema %I to %I', n.nspname, $5::text) as statement
  from pg_namespace n
  where n.oid in (select schema_id from lines union select schema_id from functions) or n.nspname = 'oneshot'
  union all
  select 2, n.nspname || '.' || relname, format('grant %s on %I.%I to %I',
    concat_ws(', ', whole, (select string_agg(text, ', ' order by text) from limited l where l.id = lines.id)),
    n.nspname, relname, $5::text)
  from lines join pg_namespace n on n.oid = schema_id
  where whole is not null or exists (select from limited l where l.id = lines.id)
  union all
  select 3, signature, format('grant execute on function %s to %I', id::regprocedure, $5::text)
  from functions where id is not null
)
select 0 as part, '' as name, format('grant connect, temporary on database %I to %I', current_database(), $5::text)
  as statement
union all
select part, name, statement from named
union all
select 4, name, null from (
  select name from found where id is null
  union
  select signature from functions where id is null
) as absent
order by part, name
;
execute golden (:tables, :privileges, :columns, :functions, :role);
deallocate golden;
