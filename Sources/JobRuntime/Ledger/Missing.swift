import Postgres

/// A table, column or privilege that a run needs and does not find.
struct Missing: Sendable, Equatable {
  var complaint: String
  var isPrivilege: Bool
  /// The table that it is about, as the need names it; `nil` where it is not about one table.
  var table: String?
  /// The statement that helps, where it is known.
  var remedy: String?

  init(_ row: Row) throws(PostgresError) {
    complaint = try row.value("complaint")
    isPrivilege = try row.value("is_privilege")
    table = try row.optional("table_name")
    remedy = try row.optional("remedy")
  }

  /// The failure as an operator reads it.
  ///
  /// - Parameters:
  ///   - needs: the tables that were looked for.
  ///   - isMigrated: whether `oneshot migrate` would find nothing to do, so that it would not help.
  func failure(_ needs: [TableNeed], isMigrated: Bool) -> JobFailure {
    JobFailure(isPrivilege ? .denied : .misconfigured, complaint, hint: hint(needs, isMigrated: isMigrated))
  }

  private func hint(_ needs: [TableNeed], isMigrated: Bool) -> String {
    if let remedy { return "Run this in the database: \(remedy);" }
    if isPrivilege { return "Grant it to the job's role; docs/jobs has a page for each, with what it needs." }
    if case .application(let otherwise)? = needs.first(where: { $0.table == table })?.origin {
      return "Your application creates this table, not `oneshot migrate`. If you do not have it, \(otherwise)."
    }
    return isMigrated
      ? "A migration created it, and it was renamed or dropped since: undo that, or restore it from a backup."
      : "Run `oneshot migrate` with the owner's DATABASE_URL."
  }
}

extension Schema {
  /// One row for everything that is missing: table, column or privilege.
  static func missing(_ needs: [TableNeed]) -> Statement {
    let columns = needs.flatMap { need in need.columns.map { (need.table, $0) } }
    let privileges: [(table: String, privilege: String, column: String?)] = needs.flatMap { need in
      need.privileges.map { (need.table, $0.rawValue, nil) }
        + need.limits.sorted { $0.key.rawValue < $1.key.rawValue }.flatMap { limit in
          limit.value.map { (need.table, limit.key.rawValue, $0) }
        }
    }
    return """
      with names as (
        select distinct name, split_part(name, '.', 1) as schema, name like '%.%' as is_qualified
        from unnest(\(needs.map(\.table))::text[]) as name
      ), reachable as (
        -- Naming a table in a schema without the right to use it is an error, so that right is checked first.
        select name, is_qualified, n.oid as schema_id,
          not is_qualified or coalesce(has_schema_privilege(n.oid, 'usage'), true) as is_usable
        from names left join pg_namespace n on is_qualified and n.nspname = names.schema
      ), tables as (
        select name, is_qualified, case when is_usable then to_regclass(name) end as id, is_usable, schema_id
        from reachable
      ), absent as (
        -- search_path silently skips a schema that may not be used.
        select name, string_agg(nspname, ', ' order by nspname) as schemas, min(nspname) as schema,
          bool_and(has_schema_privilege(n.oid, 'usage')) as is_usable
        from tables
        left join pg_class c on not is_qualified and c.relname = name and c.relkind in ('r', 'p', 'v', 'm', 'f')
          and c.relpersistence <> 't'
        left join pg_namespace n on n.oid = c.relnamespace
        where id is null and tables.is_usable
        group by name
      )
      select distinct 'the role ' || current_user || ' may not use the schema ' || schema_id::regnamespace as complaint,
        true as is_privilege, null as table_name,
        format('grant usage on schema %s to %I', schema_id::regnamespace, current_user) as remedy
      from tables where not is_usable
      union all
      select 'the role ' || current_user || ' may not make temporary tables in ' || current_database(), true, null,
        format('grant temporary on database %I to %I', current_database(), current_user)
      where not has_database_privilege(current_database(), 'temporary')
      union all
      select case
          when schemas is null then 'the table ' || name || ' does not exist'
          when is_usable then 'the table ' || name || ' is in the schema ' || schemas
            || ', which is not in the search_path (' || current_setting('search_path') || ')'
          else 'the table ' || name || ' is in the schema ' || schemas || ', which the role ' || current_user
            || ' may not use'
        end,
        schemas is not null and not is_usable, name,
        case
          when is_usable then
            format('alter role %I set search_path = %s', current_user,
              concat_ws(', ', nullif(current_setting('search_path'), ''), quote_ident(schema)))
          when not is_usable then format('grant usage on schema %I to %I', schema, current_user)
        end
      from absent
      union all
      select 'the column ' || c.name || '.' || c.column_name || ' does not exist', false, c.name, null
      from unnest(\(columns.map(\.0))::text[], \(columns.map(\.1))::text[]) as c (name, column_name)
      join tables using (name)
      where id is not null and not exists (
        select from pg_attribute a
        where a.attrelid = id and a.attname = c.column_name and a.attnum > 0 and not a.attisdropped)
      union all
      select 'the role ' || current_user || ' may not ' || p.privilege || ' ' || p.name || coalesce('.' || p.column_name, ''),
        true, p.name,
        format('grant %s%s on %s to %I', p.privilege, ' (' || quote_ident(p.column_name) || ')', id, current_user)
      from unnest(
        \(privileges.map(\.table))::text[], \(privileges.map(\.privilege))::text[], \(privileges.map(\.column))::text[]
      ) as p (name, privilege, column_name)
      join tables using (name)
      left join pg_attribute a
        on a.attrelid = id and a.attname = p.column_name and a.attnum > 0 and not a.attisdropped
      where id is not null and case
        when p.column_name is null then not has_table_privilege(id, p.privilege)
        -- A column that does not exist is reported as such.
        else a.attnum is not null and not has_column_privilege(id, a.attnum, p.privilege)
      end
      """
  }
}
