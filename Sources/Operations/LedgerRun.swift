package import JobRuntime
package import Postgres

/// One row of the ledger, as operators see it.
package struct LedgerRun: Sendable, Equatable {
  package var id: String
  package var part: JobPart
  /// How many shards shared the work.
  package var shardCount: Int
  package var scheduledAt: Timestamp
  /// Where the slot came from: `setting`, `kubernetes` or `clock`.
  package var scheduledBy: String
  package var isForced: Bool
  /// Whether it was started at a terminal.
  package var isByHand = false
  package var status: Status
  package var attempt: Int
  package var fence: Int64
  package var startedAt: Timestamp
  /// `nil` while it runs.
  package var finishedAt: Timestamp?
  /// When the run ends itself at the latest; `nil` in rows of older versions, like the next two.
  package var deadlineAt: Timestamp?
  package var itemsProcessed: Int64?
  package var behind: Int64?
  /// The age of the oldest work that the run left, in seconds; `nil` for none.
  ///
  /// Only where runs are read to be judged.
  package var oldestSeconds: Double?
  /// How many relays it left alone at its end; `nil` for a job that has none.
  package var closedRelays: Int?
  package var errorsTotal: Int
  package var errorKind: String?
  package var errorMessage: String?
  /// What to do about it.
  package var errorHint: String?
  package var host: String
  package var version: String
  /// How long it took, by a monotonic clock; `nil` while it runs.
  package var measuredDuration: Duration?
  /// Whether the run was for a one-off selection (`Selection.once`), so that its part also has other work.
  ///
  /// Only where runs are read to be judged.
  package var isOnce = false

  /// The status of a run in the ledger.
  package enum Status: String, Sendable, CaseIterable {
    case running, succeeded, partial, failed, interrupted
  }

  /// What to do about the failure.
  package var remedy: String {
    guard var hint = errorHint, !hint.isEmpty else {
      return "docs/when-things-go-wrong.md says what to do for each kind"
    }
    if hint.hasSuffix(".") { hint.removeLast() }
    return hint
  }

  /// From start to end; `nil` while it runs, and where it was found dead: its end is unknown.
  package var duration: Duration? {
    errorKind == "abandoned" ? nil : measuredDuration ?? finishedAt.map { $0 - startedAt }
  }
}

extension LedgerRun {
  /// All columns of `oneshot.job_runs`, called `r`, for `init(row:)` and `RunDetails`, cut to the lengths that jobs
  /// write.
  ///
  /// Of a row that another program or an older version wrote no more than that is read.
  static let columns = SQLFragment(
    sql: """
      r.run_id, r.instance, r.job, r.server, r.variant, left(r.series, 4096) as series, r.shard, r.shard_count,
        r.scheduled_at, r.scheduled_by, r.forced, r.by_hand, r.window_start, r.window_end, r.status,
        r.attempt, r.fence, r.started_at, r.finished_at, r.deadline_at, r.duration_ms, r.items_processed, r.behind,
        r.errors_total, left(r.error_kind, 200) as error_kind, left(r.error_message, 16384) as error_message,
        left(r.error_hint, 4096) as error_hint,
        left(r.host, 500) as host, left(r.version, 100) as version, \(LetterSize.document("r.counts")) as counts,
        \(LetterSize.document("r.details")) as details
      """)

  /// A statement of a file with a hole `{columns}` for these columns.
  static func statement(
    _ place: String, _ text: [UInt8], _ values: [String: any PostgresEncodable]
  ) throws(PostgresError) -> Statement {
    try SQLFragment(place, text).filling(["columns": columns]).binding(values).statement()
  }

  /// The newest runs of all jobs or of one, newest first.
  ///
  /// - Parameters:
  ///   - since: only runs that started then or later.
  package static func newest(
    instance: String? = nil, job: String? = nil, variant: String? = nil, status: Status? = nil, since: Timestamp? = nil,
    limit: Int
  ) throws(PostgresError) -> Statement {
    try statement(
      "runs.sql", PackageResources.runs_sql,
      [
        "instance": instance, "job": job, "variant": variant, "status": status?.rawValue, "since": since,
        "limit": limit,
      ])
  }

  /// - Parameter row: of `columns`.
  package init(row: Row) throws(PostgresError) {
    id = try row.value("run_id")
    part = try JobPart(row: row)
    shardCount = try row.value("shard_count")
    scheduledAt = try row.value("scheduled_at")
    scheduledBy = try row.value("scheduled_by")
    isForced = try row.value("forced")
    isByHand = try row.value("by_hand")
    let word: String = try row.value("status")
    guard let known = Status(rawValue: word) else { throw .decoding("status is «\(word)»") }
    status = known
    attempt = try row.value("attempt")
    fence = try row.value("fence")
    startedAt = try row.value("started_at")
    finishedAt = try row.optional("finished_at")
    deadlineAt = try row.optional("deadline_at")
    itemsProcessed = try row.optional("items_processed")
    behind = try row.optional("behind")
    errorsTotal = try row.optional("errors_total") ?? 0
    errorKind = try row.optional("error_kind")
    errorMessage = try row.optional("error_message")
    errorHint = try row.optional("error_hint")
    host = try row.value("host")
    version = try row.value("version")
    measuredDuration = try row.optional("duration_ms", as: Int64.self).map { .milliseconds($0) }
  }
}
