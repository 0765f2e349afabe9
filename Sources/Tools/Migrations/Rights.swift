import Postgres

/// The rights that a plan needs of the role that carries it out.
struct Rights {
  private let makesTables: Bool
  /// Tables that its steps refer to, made by steps that were applied before.
  private let references: [String]
  /// Tables of the first schema of search_path that are changed when they are there.
  private let changed: [String]
  /// Tables of the schema oneshot that are given columns, made by steps that were applied before.
  private let extended: [String]
  /// Functions and procedures of the schema oneshot that are replaced, made by steps that were applied before.
  private let replaced: [String]
  private let converts: Bool

  init(of plan: Plan) {
    converts = plan.converts
    makesTables = plan.converts || plan.steps.contains(where: \.isOutsideOfOneshot)
    let made = Set(plan.steps.flatMap(\.made).map(\.name))
    references = plan.steps.flatMap(\.references).filter { !made.contains($0) }
    let altered = plan.steps.flatMap(\.added).map(\.table).filter { !made.contains($0) }
    extended = altered.filter { $0.hasPrefix("oneshot.") }
    replaced = plan.steps.flatMap(\.replaced).filter { !made.contains($0) }
    changed =
      altered.filter { !$0.hasPrefix("oneshot.") }
      + plan.steps.flatMap(\.made).filter { $0.kind == .table && $0.isOnlyIfMissing }.map(\.name)
      + plan.steps.flatMap(\.made).compactMap(\.table).filter { !made.contains($0) && !$0.hasPrefix("oneshot.") }
      + (plan.converts ? ["top_stats_history"] : [])
  }

  /// One row for each right that is missing: `complaint` is what the role may not, `remedy` the statement to run.
  var missing: Statement {
    """
    with here as (
      select current_user::text as role, current_database()::text as database, current_schema()::text as tables,
        (select oid from pg_namespace where nspname = 'oneshot') as oneshot
    ), known as (
      -- Asking for a table of a schema that may not be used is an error, so names are looked up in the catalogue.
      select c.oid, c.relname, n.nspname, c.relowner, c.relkind
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
    )
    select format('may not create a schema in the database %s', database) as complaint,
      format('grant create on database %I to %I', database, role) as remedy
    from here where oneshot is null and not has_database_privilege(database, 'create')
    union all
    select 'may not create anything in the schema oneshot', format('grant usage, create on schema oneshot to %I', role)
    from here
    where oneshot is not null
      and not (has_schema_privilege(oneshot, 'usage') and has_schema_privilege(oneshot, 'create'))
    union all
    select 'may not write oneshot.migrations', format('grant select, insert on oneshot.migrations to %I', role)
    from here, known
    where nspname = 'oneshot' and relname = 'migrations' and not \(converts)
      and not (has_table_privilege(oid, 'select') and has_table_privilege(oid, 'insert'))
    union all
    select format('may not create anything in the schema %s', tables),
      format('grant create on schema %I to %I', tables, role)
    from here where \(makesTables) and not has_schema_privilege(tables, 'create')
    union all
    select format('may not refer to %I.%I', nspname, relname),
      format('grant select, references on %I.%I to %I', nspname, relname, role)
    from here, known
    where nspname || '.' || relname = any (\(references)::text[])
      and not (has_table_privilege(oid, 'select') and has_table_privilege(oid, 'references'))
    union all
    select 'does not own ' || string_agg(format('%I.%I', nspname, relname), ', ' order by nspname, relname),
      -- A right to act as a superuser is more than anybody should grant for this.
      case when rolsuper
        then string_agg(format('alter table %I.%I owner to %I', nspname, relname, role), '; ' order by nspname, relname)
        else format('grant %I to %I', rolname, role)
      end
    from here, known join pg_roles on pg_roles.oid = relowner
    where (nspname = tables and relname = any (\(changed)::text[])
        or nspname || '.' || relname = any (\(extended)::text[])
        or nspname = 'oneshot' and relkind = 'r' and \(converts))
      and not pg_has_role(relowner, 'usage')
    group by rolname, rolsuper, role
    union all
    select 'does not own ' || string_agg(function, ', ' order by function),
      case when rolsuper
        then string_agg(format('alter routine %s owner to %I', function, role), '; ' order by function)
        else format('grant %I to %I', rolname, role)
      end
    from here,
      lateral (
        select format('oneshot.%I(%s)', proname, pg_get_function_identity_arguments(oid)) as function, proowner
        from pg_proc
        where pronamespace = oneshot and 'oneshot.' || proname = any (\(replaced)::text[])) as functions
      join pg_roles on pg_roles.oid = proowner
    where not pg_has_role(proowner, 'usage')
    group by rolname, rolsuper, role
    """
  }
}
