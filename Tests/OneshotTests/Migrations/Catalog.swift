/// What a database's schema consists of, as one sorted text a line, whatever the order of columns.
enum Catalog {
  static let lines = """
    with ours as (
      select c.oid, c.relname, c.relkind, n.nspname, c.reloptions from pg_class c join pg_namespace n on n.oid = relnamespace
      where nspname in ('oneshot', current_schema())
        and not exists (select from pg_depend where classid = 'pg_class'::regclass and objid = c.oid and deptype = 'e')
    )
    select line from (
      select format('%s %I.%I %s %s', relkind, nspname, relname, reloptions, obj_description(oid, 'pg_class')) from ours
      union all
      select format('column %I.%I.%I %s', nspname, relname, attname,
        concat_ws(' ', format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated, attcollation::regcollation,
          pg_get_expr(adbin, adrelid), col_description(ours.oid, attnum)))
      from ours join pg_attribute a on attrelid = ours.oid and attnum > 0 and not attisdropped
      left join pg_attrdef on adrelid = ours.oid and adnum = attnum
      where relkind in ('r', 'p', 'v')
      union all
      select format('constraint %s %I %s', conrelid::regclass, conname, pg_get_constraintdef(c.oid))
      from pg_constraint c join ours on ours.oid = conrelid
      union all
      select format('index %s %s', pg_get_indexdef(indexrelid), indisvalid) from pg_index join ours on ours.oid = indexrelid
      union all
      select format('trigger %s', pg_get_triggerdef(t.oid))
      from pg_trigger t join ours on ours.oid = tgrelid where not tgisinternal
      union all
      select format('view %s %s', oid::regclass, pg_get_viewdef(oid)) from ours where relkind = 'v'
      union all
      select format('partition %s %s', c.oid::regclass, pg_get_expr(relpartbound, c.oid))
      from pg_class c join ours on ours.oid = c.oid where relispartition
      union all
      select format('function %s %s %s', pg_get_functiondef(p.oid), proacl, obj_description(p.oid, 'pg_proc'))
      from pg_proc p join pg_namespace n on n.oid = pronamespace
      where nspname in ('oneshot', current_schema()) and prokind <> 'a'
        and not exists (select from pg_depend where classid = 'pg_proc'::regclass and objid = p.oid and deptype = 'e')
    ) as everything (line)
    """
}
