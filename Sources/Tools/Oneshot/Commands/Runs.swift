import JobRuntime
import Operations
import Postgres

/// `oneshot runs`: the newest runs, a line each.
struct Runs: Command {
  static let name = "runs"
  static let summary = "list the newest runs"
  static let discussion =
    "A run that found the lock held, or its slot done, wrote nothing to the ledger and is not listed. A job is shown with its installation before a slash, its variant behind a colon and its shard behind a slash: staging/reindex:pending/2; where runs differ in their Redis alone, with that behind an @. A run that was killed is shown as running until the next run of its job finds it."

  private let instance: String?
  private let job: String?
  private let variant: String?
  private let status: LedgerRun.Status?
  private let since: Duration?
  private let limit: Int
  private let isJSON: Bool

  init(from arguments: inout Arguments, _ env: inout Environment) {
    job = arguments.optionalText("job", .job, help: "only runs of this job")
    instance = instanceOption(from: &arguments, &env, help: "only runs of this installation")
    variant = arguments.optionalText(
      "variant", .text("VARIANT"), help: "only runs of this variant; --variant= for those that have none")
    status = arguments.choice("status", of: LedgerRun.Status.self, default: nil, help: "only runs with this status")
    since = arguments.duration("since", default: nil, help: "only runs that started within this time")
    limit = arguments.int("limit", default: 50, in: 1...1_000_000, help: "at most this many, the newest")
    isJSON = arguments.flag("json", help: "one JSON array, with all that the ledger knows of each run")
  }

  func run(_ console: Console, on servers: DatabaseServer) async throws -> Int32 {
    // One row more than is shown reveals whether there are more.
    let runs = try await withLedger(servers.database, console) { database in
      let statement = try LedgerRun.newest(
        instance: instance, job: job, variant: variant, status: status, since: since.map { console.now - $0 },
        limit: limit + 1)
      return try await database.transaction(readOnly: true) { session in
        try session.all(of: statement) { row in try RunDetails(row: row) }
      }
    }
    let shown = runs.prefix(limit)
    if isJSON {
      try console.say(JSON.array(shown.map(\.json)))
    } else if !shown.isEmpty {
      try console.say(Self.table(of: shown.map(\.run), at: console.now).text(width: console.width))
    }
    if runs.isEmpty { console.note("no run matches") }
    if runs.count > limit { console.note("there are more: these are the newest \(limit)") }
    return 0
  }

  /// Runs as people see them in lists.
  static func table(of runs: [LedgerRun], withWholeIDs: Bool = false, at now: Timestamp) -> Table {
    var table = Table(
      "run", "job", "started", "age", "status", .number("took"), .number("items"), .number("errors"), "error")
    let names = PartNames(runs.map(\.part))
    for run in runs {
      table.add(
        withWholeIDs ? run.id : run.shortID, names[run.part], run.startedAt.toTheSecond,
        run.startedAt.elapsed(at: now).short,
        run.status.rawValue,
        run.duration?.short, run.itemsProcessed.map { "\($0)" }, "\(run.errorsTotal)", run.error)
    }
    return table
  }
}

extension LedgerRun {
  /// The beginning of the id, long enough to distinguish runs: the millisecond in which it was made.
  var shortID: String { String(id.prefix(13)) }

  /// Kind and message; `nil` where nothing went wrong with the run itself.
  var error: String? {
    guard errorKind != nil || errorMessage != nil else { return nil }
    return [errorKind, errorMessage].compactMap { $0 }.joined(separator: ": ")
  }
}
