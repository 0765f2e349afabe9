import Postgres

extension Schema {
  /// One row for every table whose rows row level security would hide from the role.
  ///
  /// The sessions refuse to read those (`row_security = off`).
  static func hidden(_ needs: [TableNeed]) -> Statement {
    """
    select distinct 'row level security of ' || name || ' applies to the role ' || current_user
      || ', from which it would hide rows' as complaint
    from unnest(\(needs.map(\.table))::text[]) as name
    left join pg_namespace n on name like '%.%' and n.nspname = split_part(name, '.', 1)
    cross join lateral (
      -- Naming a table in a schema without the right to use it is an error, so that right is checked first.
      select case when coalesce(has_schema_privilege(n.oid, 'usage'), true) then to_regclass(name)::oid end as id
    ) as found
    where row_security_active(id)
    """
  }
}
