public import JobRuntime
public import Postgres

/// Columns of the application's tables whose ids are compared with one another.
public struct IDColumns: Sendable {
  private let ids: String
  private let columns: [(table: String, column: String)]

  /// - Parameters:
  ///   - ids: what they are of, such as `users`.
  ///   - columns: by table; those that are not there do not count.
  public init(of ids: String, _ columns: [(table: String, column: String)]) {
    (self.ids, self.columns) = (ids, columns)
  }

  /// An expression for `complaint(_:)`: the columns with their collations if the server cannot compare them, or null.
  public var collations: SQLFragment {
    let rows = columns.map { SQLFragment(sql: "('\($0.table)', '\($0.column)')") }
    return SQLFragment("id_collations.sql", PackageResources.id_collations_sql)
      .filling(["columns": .joined(rows, by: ", ")])
  }

  /// - Parameter collations: the value of the expression.
  /// - Returns: a failure of kind `misconfigured`, or `nil` where there is nothing to complain about.
  public func complaint(_ collations: String?) -> JobFailure? {
    collations.map {
      JobFailure(
        .misconfigured, "ids of \(ids) have several collations, so they cannot be compared: \($0)",
        hint: "Give the columns one collation; a view may: select follower_id collate \"C\" as follower_id, …")
    }
  }
}
