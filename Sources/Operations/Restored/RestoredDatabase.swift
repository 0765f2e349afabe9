import JobRuntime
package import Postgres

/// A database that was restored, or that failed over to a replica that lagged: what in it no longer matches the Redis
/// that jobs publish to, or the transaction numbers of its server.
package struct RestoredDatabase: Sendable, Equatable {
  /// A job of which Redis has seen higher fences than Postgres has.
  package struct Fence: Sendable, Equatable {
    package var job: String
    /// The newest fence in Postgres; 0 for none.
    package var known: Int64
    /// The newest that Redis has seen.
    package var seen: Int64
  }

  /// A table whose rows carry the number of the transaction that wrote them (`written_by`).
  package struct Table: Sendable, Equatable {
    package var schema: String
    package var name: String
    /// Rows of transactions that this server has not had.
    package var ahead: Int

    package var description: String { "\(schema).\(name)" }
  }

  package private(set) var fences: [Fence] = []
  package private(set) var tables: [Table] = []
  /// The tables whose rows the role may not read or may not change.
  package private(set) var closed: [Table] = []
  /// Sources of metrics-rollups, and installations of event-drain, that remember up to which transaction they have read.
  package private(set) var rollupPositions = 0
  package private(set) var eventPositions = 0

  /// Whether there is nothing to do.
  package var isInOrder: Bool { fences.isEmpty && tables.isEmpty && rollupPositions == 0 && eventPositions == 0 }

  /// Looks, and changes nothing.
  ///
  /// - Parameter seen: the newest fence that Redis has seen of each job (`SeenFences`).
  package init(seen: [String: Int64], _ session: borrowing Session) throws {
    var known: [String: Int64] = [:]
    for row in try session.query(Self.statement(PackageResources.restored_fences_sql)) {
      known[try row.value("job")] = try row.value("token", as: Int64.self)
    }
    fences = seen.sorted { $0.key < $1.key }.compactMap { job, token in
      let known = known[job] ?? 0
      return token > known ? Fence(job: job, known: known, seen: token) : nil
    }
    for row in try session.query(Self.statement(PackageResources.restored_tables_sql)) {
      var table = Table(schema: try row.value("schema"), name: try row.value("name"), ahead: 0)
      guard try row.value("is_open") else {
        closed.append(table)
        continue
      }
      table.ahead = try session.query(table.statement(PackageResources.restored_ahead_sql)).only().value("rows")
      if table.ahead > 0 { tables.append(table) }
    }
    let lines = try session.query(Self.statement(PackageResources.restored_lines_sql)).only()
    func positions(_ sql: [UInt8]) throws -> Int { try session.query(Self.statement(sql)).only().value("positions") }
    if try lines.value("has_rollups") { rollupPositions = try positions(PackageResources.restored_rollups_sql) }
    if try lines.value("has_events") { eventPositions = try positions(PackageResources.restored_events_sql) }
  }

  /// Repairs all of it, each part in separate transactions: after an interruption it can be run again.
  ///
  /// - Parameter renumbered: called with each table, and how many of its rows have been renumbered so far.
  /// - Returns: the tables of which rows are left, and why.
  package func repair(
    _ database: Database, renumbered: @Sendable (Table, Int) -> Void
  ) async throws -> [(table: Table, why: String)] {
    for fence in fences {
      let raise = try Self.statement(PackageResources.restored_raise_sql, ["job": fence.job, "token": fence.seen])
      try await database.transaction { session in _ = try session.execute(raise) }
    }
    // Rows first: if a position were forgotten before, a run that does not see the rows yet would take it again.
    var left: [(table: Table, why: String)] = []
    for table in tables {
      if let why = try await renumber(table, database, renumbered) { left.append((table, why)) }
    }
    let forgetting =
      (rollupPositions > 0 ? [PackageResources.restored_forget_rollups_sql] : [])
      + (eventPositions > 0 ? [PackageResources.restored_forget_events_sql] : [])
    for sql in forgetting {
      let forget = try Self.statement(sql)
      try await database.transaction { session in _ = try session.execute(forget) }
    }
    return left
  }

  /// - Returns: why rows are left; a trigger of the application may keep them unchanged.
  private func renumber(
    _ table: Table, _ database: Database, _ renumbered: @Sendable (Table, Int) -> Void
  ) async throws -> String? {
    let batch = try table.statement(PackageResources.restored_renumber_sql, ["batch": Self.batch])
    var (all, some) = (0, 0)
    do {
      repeat {
        some = try await database.transaction { session in try session.execute(batch) }
        all += some
        renumbered(table, all)
      } while some > 0 && all < table.ahead
    } catch PostgresError.server(let error) where !error.state.isTransient {
      return "\(error.message) (SQLSTATE \(error.state.rawValue))"
    }
    let ahead = try table.statement(PackageResources.restored_ahead_sql)
    let left: Int = try await database.read(ahead).only().value("rows")
    return left == 0 ? nil : "\(left) rows are as they were, without an error: a trigger keeps them"
  }

  /// How many rows one transaction changes.
  private static let batch = 10_000

  private static func statement(
    _ sql: [UInt8], _ values: [String: any PostgresEncodable] = [:]
  ) throws(PostgresError) -> Statement {
    try SQLFragment("after-restore", sql, values).statement()
  }
}

extension RestoredDatabase.Table {
  fileprivate func statement(
    _ sql: [UInt8], _ values: [String: any PostgresEncodable] = [:]
  ) throws(PostgresError) -> Statement {
    try SQLFragment("after-restore", sql, values)
      .filling(["schema": .identifier(schema), "table": .identifier(name)]).statement()
  }
}
