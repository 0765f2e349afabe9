import BlockingIO
import Postgres

/// What a run needs in the database and does not find.
extension JobRunner {
  var jobNeeds: JobNeeds { (job as? any Checkable)?.needs ?? J.facts.needs }

  /// Looks for the tables, columns and rights that a run needs.
  ///
  /// - Returns: what is missing.
  func missing() async throws -> [JobFailure] {
    let (needs, migrations) = (Schema.runtimeTables + jobNeeds.tables, neededMigrations)
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
