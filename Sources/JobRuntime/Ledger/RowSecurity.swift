import Postgres

extension Schema {
  /// One row for every table of which row level security would hide rows from the role. A session of ours refuses to read
  /// those (`row_security = off`).
  static func hidden(_ needs: [TableNeed]) -> Statement {
    """
    select distinct 'row level security of ' || name || ' applies to the role ' || current_user
      || ', from which it would hide rows' as complaint
    from unnest(\(needs.map(\.table))::text[]) as name
    left join pg_namespace n on name like '%.%' and n.nspname = split_part(name, '.', 1)
    cross join lateral (
      -- Asking for a table in a schema that may not be used is an error, so that is looked at first.
      select case when coalesce(has_schema_privilege(n.oid, 'usage'), true) then to_regclass(name)::oid end as id
    ) as found
    where row_security_active(id)
    """
  }
}
