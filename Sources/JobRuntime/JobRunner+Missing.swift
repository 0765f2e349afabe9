import BlockingIO
import Postgres

/// What a run needs in the database and does not find.
extension JobRunner {
  var jobNeeds: JobNeeds { (job as? any Checkable)?.needs ?? J.facts.needs }

  /// The tables that a run needs: also those of the parts that are on.
  func tablesNeeded() async -> (tables: [TableNeed], parts: PartsInUse?) {
    let tables = jobNeeds.tables
    guard let job = job as? any HasParts else { return (tables, nil) }
    // Without a ledger, or without Redis, nothing is known of the past; what is missing there is reported elsewhere.
    let parts = try? await job.findParts(jobRun(leadership: nil))
    let read = job.parts.filter { parts?.isOn($0.name) ?? true }.flatMap(\.tables)
    return (read.reduce(into: tables) { if !$0.contains($1) { $0.append($1) } }, parts)
  }

  /// Looks for what is missing of the tables that a run needs.
  func missing() async throws -> [JobFailure] { try await missing(tablesNeeded().tables) }

  /// Looks for the tables, columns and rights that a run needs.
  ///
  /// - Returns: what is missing.
  func missing(_ tables: [TableNeed]) async throws -> [JobFailure] {
    let (needs, migrations) = (Schema.runtimeTables + tables, neededMigrations)
    return try await database.withSession { session in
      let missing = try session.query(Schema.missing(needs)).map { try Missing($0) }
      guard !missing.isEmpty else { return [] }
      // Nothing is known of a database that the role may not query.
      let applied = try? AppliedMigrations(session)
      let isMigrated = applied.map { $0.failure(needing: migrations) == nil } ?? false
      return missing.map { $0.failure(needs, isMigrated: isMigrated) }
    }
  }

  /// Extends an error about a missing object with all that is missing: which schema has it, who creates it, what to
  /// grant.
  func explained(_ error: any Error) async -> any Error {
    let absences: [SQLState] = [
      .undefinedTable, .undefinedColumn, .undefinedFunction, .invalidSchemaName, .insufficientPrivilege,
    ]
    guard let state = (error as? PostgresError)?.state, absences.contains(state),
      let missing = await waiting(atMost: StopLimits.readingTotals, for: { try? await self.missing() }) ?? nil,
      let first = missing.first
    else { return error }
    let all = missing.map(\.message).joined(separator: "; ")
    return JobFailure(first.kind, "\(JobFailure(classifying: error).message); \(all)", hint: first.hint)
  }
}
