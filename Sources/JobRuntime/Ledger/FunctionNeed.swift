import Postgres

/// A function that a job calls and that its role may lack the right to execute: checked by `--check`.
public struct FunctionNeed: Sendable, Equatable {
  /// With its schema and the types of its arguments, as `grant execute on function` takes it.
  public var signature: String

  /// - Parameter signature: with schema and argument types: `oneshot.fraud_lock()`.
  public init(_ signature: String) { self.signature = signature }
}

extension Schema {
  /// One row for every existing function that the role may not execute. (A missing one belongs to a schema that is too
  /// old.)
  static func denied(_ needs: [FunctionNeed]) -> Statement {
    """
    select 'the role ' || current_user || ' may not execute ' || id as complaint, true as is_privilege,
      null as table_name, format('grant execute on function %s to %I', id, current_user) as remedy
    from unnest(\(needs.map(\.signature))::text[]) as signature
    cross join lateral (
      -- Naming a function in a schema without the right to use it is an error, so that right is checked first.
      select case when coalesce(has_schema_privilege(n.oid, 'usage'), true) then to_regprocedure(signature) end as id
      from (select split_part(signature, '.', 1) as name) as schema
      left join pg_namespace n on n.nspname = schema.name) as function
    where not has_function_privilege(id, 'execute')
    """
  }
}
