import JobRuntime
package import Postgres

/// The rights that runs need in the database, of any number of jobs.
package struct NeededGrants: Sendable {
  private var tables: [String] = []
  private var privileges: [String] = []
  /// Empty for the whole table.
  private var columns: [String] = []
  private var functions: Set<String> = []

  package init() {}

  /// - Parameter columns: those for which it is needed; `nil` for the whole table.
  package mutating func add(_ privilege: String, on table: String, columns: [String]? = nil) {
    for column in columns ?? [""] {
      tables.append(table)
      privileges.append(privilege)
      self.columns.append(column)
    }
  }

  package mutating func add(function signature: String) { functions.insert(signature) }

  /// Rows `(name, statement)`: a statement that grants, or, where it is null, the name of what is not there.
  package func statements(for role: String) throws(PostgresError) -> Statement {
    try Statement(
      file: "grants.sql", PackageResources.grants_sql,
      binding: [
        "role": role, "tables": tables, "privileges": privileges, "columns": columns, "functions": functions.sorted(),
      ])
  }
}
