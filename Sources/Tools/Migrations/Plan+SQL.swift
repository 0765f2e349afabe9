extension Plan {
  /// What `oneshot migrate` would run, for psql: each step in its transaction, with the row that says that it was applied.
  package var sql: String {
    guard !isEmpty else { return "" }
    let scripts = steps.map { step in
      let title = "-- \(step)\n"
      guard !step.isConcurrent else { return title + Self.concurrently(step) }
      let first = step == steps.first ? preparation : ""
      return title + Self.transaction(first + step.sql + step.record)
    }
    let conversion = converts ? ["-- \(Conversion.name)\n" + Self.transaction(Conversion.script)] : []
    return ([Self.opening] + conversion + scripts).joined(separator: "\n")
  }

  private static let opening = """
    -- For psql, which is to stop at the first error: psql -v ON_ERROR_STOP=1 "$DATABASE_URL" -f FILE
    -- Only `oneshot migrate` looks beforehand for what would end a step, and tries again while a table is in use.

    """

  private static func transaction(_ script: String) -> String {
    "begin;\nset local lock_timeout = '2s';\n\(script)commit;\n"
  }

  /// What runs outside of a transaction is recorded only if all of it is there.
  private static func concurrently(_ step: Migration) -> String {
    let indexes = ConcurrentIndex.all(in: step.sql).compactMap { $0.map { "to_regclass('\($0.name)')" } }
    return """
      -- Outside of a transaction, and not for a partitioned table: only `oneshot migrate` makes indexes of that beside its writers.
      \(step.sql)insert into oneshot.migrations (line, number, name)
      select \(step.row)
      where (select count(*) from pg_index where indisvalid and indexrelid in (\(indexes.joined(separator: ", ")))) = \(indexes.count);

      """
  }
}
