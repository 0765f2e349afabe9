package import JobRuntime
package import Postgres

/// A run with all columns of its row, for `--json` and `oneshot run`.
package struct RunDetails: Sendable, Equatable {
  package var run: LedgerRun
  /// The series whose totals it counts towards; `nil` where that is the variant.
  package var series: String?
  package var window: Window?
  /// JSON as it is stored; `nil` until the run has ended.
  package var counts: String?
  package var details: String?

  /// - Parameter row: of `LedgerRun.columns`.
  package init(row: Row) throws(PostgresError) {
    run = try LedgerRun(row: row)
    series = try row.optional("series")
    if let start: Timestamp = try row.optional("window_start"), let end: Timestamp = try row.optional("window_end") {
      window = Window(start: start, end: end)
    }
    counts = try row.optional("counts")
    details = try row.optional("details")
  }

  /// The runs whose ids begin with a text.
  package static func matching(_ beginning: RunIDBeginning, limit: Int) throws(PostgresError) -> Statement {
    try LedgerRun.statement(
      "run.sql", PackageResources.run_sql,
      ["lowest": beginning.lowest, "highest": beginning.highest, "limit": limit])
  }

  /// Every column, by its name in the ledger.
  package var json: JSON {
    func text(_ value: String?) -> JSON { value.map { .string($0) } ?? .null }
    func number(_ value: Int64?) -> JSON { value.map { .integer($0) } ?? .null }
    return [
      "run_id": .string(run.id), "instance": .string(run.part.instance), "job": .string(run.part.job),
      "server": .string(run.part.server), "variant": .string(run.part.variant), "series": text(series),
      "shard": .integer(Int64(run.part.shard)), "shard_count": .integer(Int64(run.shardCount)),
      "scheduled_at": .string(run.scheduledAt.rfc3339), "scheduled_by": .string(run.scheduledBy),
      "forced": .bool(run.isForced), "by_hand": .bool(run.isByHand), "window_start": text(window?.start.rfc3339),
      "window_end": text(window?.end.rfc3339), "status": .string(run.status.rawValue),
      "attempt": .integer(Int64(run.attempt)), "fence": .integer(run.fence),
      "started_at": .string(run.startedAt.rfc3339), "finished_at": text(run.finishedAt?.rfc3339),
      "deadline_at": text(run.deadlineAt?.rfc3339), "duration_ms": number(run.duration?.inMilliseconds),
      "items_processed": number(run.itemsProcessed), "behind": number(run.behind),
      "counts": counts.map { .verbatim($0) } ?? .null, "details": details.map { .verbatim($0) } ?? .null,
      "errors_total": .integer(Int64(run.errorsTotal)), "error_kind": text(run.errorKind),
      "error_message": text(run.errorMessage), "error_hint": text(run.errorHint), "host": .string(run.host),
      "version": .string(run.version),
    ]
  }
}

/// A run's id, or the beginning of one, as an operator types it.
package struct RunIDBeginning: Sendable, Equatable {
  /// The first and the last id with this beginning.
  package let lowest: String
  package let highest: String

  /// - Returns: `nil` for a text with which no id begins.
  package init?(_ text: String) {
    let digits = text.utf8.filter { $0 != UInt8(ascii: "-") }
    let isHexadecimal = digits.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0 | 0x20) }
    guard !digits.isEmpty, digits.count <= 32, isHexadecimal else { return nil }
    let beginning = String(decoding: digits, as: UTF8.self)
    let missing = 32 - digits.count
    lowest = beginning + String(repeating: "0", count: missing)
    highest = beginning + String(repeating: "f", count: missing)
  }

  /// Whether it is a whole id.
  package var isWhole: Bool { lowest == highest }
}

extension LedgerRun {
  /// The runs with these ids; each has to be a whole one.
  package static func withIDs(_ ids: [String]) throws(PostgresError) -> Statement {
    try statement("runs_by_id.sql", PackageResources.runs_by_id_sql, ["ids": ids])
  }

  /// Other runs for the same slot, newest first.
  package func otherAttempts(limit: Int) throws(PostgresError) -> Statement {
    try Self.statement(
      "run_attempts.sql", PackageResources.run_attempts_sql,
      [
        "instance": part.instance, "job": part.job, "server": part.server, "variant": part.variant,
        "shard": part.shard, "shard_count": shardCount,
        "scheduled_at": scheduledAt, "scheduled_by": scheduledBy, "run_id": id, "limit": limit,
      ])
  }

  /// The dead letters that failed last in this run, and `total`, how many there are.
  package func deadLetters(limit: Int) throws(PostgresError) -> Statement {
    try Statement(
      file: "run_letters.sql", PackageResources.run_letters_sql,
      binding: ["instance": part.instance, "job": part.job, "server": part.server, "run_id": id, "limit": limit])
  }

  /// The name of the lock that the run had to hold; see `HeldLock.name`.
  package var lockName: String {
    RunIdentity.qualified(part.job, part.instance) + (shardCount == 1 ? "" : "/\(part.shard)")
  }
}
