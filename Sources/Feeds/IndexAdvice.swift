public import Postgres

/// Advice for `--check`: large tables of events without an index on their moments.
public enum IndexAdvice {
  /// - Parameter columns: rows of `values`, each with the name of a table and of its column.
  public static func statement(for columns: SQLFragment) throws -> Statement {
    try SQLFragment("index_advice.sql", PackageResources.index_advice_sql).filling(["columns": columns]).statement()
  }
}
