import JobRuntime
import Operations
import Postgres
import Redis

/// `oneshot run ID`: everything about one run.
struct ShowRun: Command {
  static let name = "run"
  static let summary = "show everything about one run"
  static let discussion =
    "The dead letters are those that failed in this run and in none since; other attempts are runs for the same moment of a schedule. Where Redis is out of reach, or REDIS_URL is not set, the ledger is shown without the lock."

  private let id: String
  private let isJSON: Bool

  init(from arguments: inout Arguments, _ env: inout Environment) {
    isJSON = arguments.flag("json", help: "one JSON object; an array where several ids begin so")
    id = arguments.operand(.text("ID"), help: "the run's id, or a beginning that no other run has")
  }

  func run(_ console: Console, on servers: DatabaseAndPerhapsRedis) async throws -> Int32 {
    guard let beginning = RunIDBeginning(id) else {
      throw JobFailure(.usage, "ID is «\(id)», not the id of a run", hint: "`oneshot runs` lists them.")
    }
    let candidates = try RunDetails.matching(beginning, limit: Self.shown + 1)
    let story = try await withLedger(servers.database, console) { database in
      try await database.transaction(readOnly: true) { session in try Story(session, candidates) }
    }
    guard let details = story.only else {
      if story.candidates.isEmpty {
        console.note("no run has the id \(id); runs leave the ledger after JOB_LEDGER_KEEP")
      } else {
        console.note("several runs have ids that begin with \(id):")
        if isJSON {
          try console.say(JSON.array(story.candidates.map(\.json)))
        } else {
          let table = Runs.table(of: story.candidates.map(\.run), withWholeIDs: true, at: console.now)
          try console.say(table.text(width: console.width))
        }
      }
      return 1
    }
    let lock = await LockOfRun(details.run, at: servers.redis)
    if isJSON {
      try console.say(story.json(details, lock))
    } else {
      try console.say(story.text(details, lock, console))
    }
    return 0
  }

  /// How many dead letters and attempts are shown.
  fileprivate static let shown = 20
}

/// What the ledger says about a run.
private struct Story: Sendable {
  var candidates: [RunDetails]
  var countsLines: String?
  var detailsLines: String?
  var attempts: [LedgerRun] = []
  var letters: [Letter] = []
  var lettersTotal = 0

  /// The run, unless none or several were found.
  var only: RunDetails? { candidates.count == 1 ? candidates.first : nil }

  struct Letter: Sendable {
    var item: String
    var kind: String
    var message: String
    var attempts: Int
    var state: String
    var lastFailedAt: Timestamp

    init(row: Row) throws(PostgresError) {
      (item, kind, message) = (try row.value("item"), try row.value("error_kind"), try row.value("error_message"))
      (attempts, state) = (try row.value("attempts"), try row.value("state"))
      lastFailedAt = try row.value("last_failed_at")
    }

    var json: JSON {
      [
        "item": .string(item), "error_kind": .string(kind), "error_message": .string(message),
        "attempts": .integer(Int64(attempts)), "state": .string(state),
        "last_failed_at": .string(lastFailedAt.rfc3339),
      ]
    }
  }

  init(_ session: borrowing Session, _ statement: Statement) throws {
    let rows = try session.query(statement)
    candidates = try rows.map { row in try RunDetails(row: row) }
    guard let run = only?.run else { return }
    countsLines = try rows.only().optional("counts_lines")
    detailsLines = try rows.only().optional("details_lines")
    attempts = try session.query(run.otherAttempts(limit: ShowRun.shown)).map { row in try LedgerRun(row: row) }
    let found = try session.query(run.deadLetters(limit: ShowRun.shown))
    letters = try found.map { row in try Letter(row: row) }
    lettersTotal = try found.first?.value("total") ?? 0
  }

  func json(_ details: RunDetails, _ lock: LockOfRun) -> JSON {
    guard case .object(let members) = details.json else { return details.json }
    return JSON(
      members: members.map { ($0.key, $0.value) } + [
        ("lock", lock.json), ("dead_letters", .array(letters.map(\.json))),
        ("dead_letters_total", .integer(Int64(lettersTotal))),
        ("other_attempts", .array(attempts.map { .string($0.id) })),
      ])
  }

  func text(_ details: RunDetails, _ lock: LockOfRun, _ console: Console) -> String {
    var parts = [sheet(details, lock, at: console.now).text]
    if !attempts.isEmpty {
      parts.append(
        "Other attempts of this slot:\n" + Runs.table(of: attempts, at: console.now).text(width: console.width))
    }
    if !letters.isEmpty {
      var table = Table("item", "state", .number("attempts"), "last failed", "error")
      for letter in letters {
        table.add(
          letter.item, letter.state, "\(letter.attempts)", letter.lastFailedAt.toTheSecond,
          "\(letter.kind): \(letter.message)")
      }
      let count = letters.count < lettersTotal ? "\(letters.count) of \(lettersTotal)" : "\(lettersTotal)"
      parts.append("Dead letters of this run: \(count)\n" + table.text(width: console.width))
    }
    return parts.joined(separator: "\n")
  }

  private func sheet(_ details: RunDetails, _ lock: LockOfRun, at now: Timestamp) -> Sheet {
    let run = details.run
    var sheet = Sheet()
    sheet.add("run", run.id)
    sheet.add("instance", run.part.instance.isEmpty ? nil : run.part.instance)
    sheet.add("job", run.part.job)
    sheet.add("variant", run.part.variant.isEmpty ? nil : run.part.variant)
    sheet.add("redis", run.part.server.isEmpty ? nil : run.part.server)
    sheet.add("shard", run.shardCount == 1 ? nil : "\(run.part.shard) of 0 to \(run.shardCount - 1)")
    sheet.add("status", run.status.rawValue)
    sheet.add("error", run.error)
    sheet.add("hint", run.errorHint)
    sheet.add(
      "slot",
      "\(run.scheduledAt.toTheSecond), set by \(run.scheduledBy)" + (run.isForced ? ", forced" : "")
        + (run.isByHand ? ", started by hand" : ""))
    sheet.add("window", details.window.map { "\($0.start.toTheSecond) to \($0.end.toTheSecond)" })
    sheet.add("attempt", "\(run.attempt)")
    sheet.add("started", run.startedAt.withAge(at: now))
    sheet.add("finished", run.finishedAt?.withAge(at: now))
    sheet.add("took", took(run, at: now))
    sheet.add("items", run.itemsProcessed.map { "\($0)" })
    sheet.add("behind", run.behind.map { "\($0)" })
    sheet.add("errors", "\(run.errorsTotal)")
    sheet.add("counts", countsLines)
    sheet.add("details", detailsLines)
    sheet.add("lock", lock.text)
    sheet.add("fence", "\(run.fence)")
    sheet.add("host", run.host)
    sheet.add("version", run.version)
    return sheet
  }

  /// The time it took, or has taken so far, and the time that it may take.
  private func took(_ run: LedgerRun, at now: Timestamp) -> String? {
    let allowed = run.deadlineAt.map { " of at most \(($0 - run.startedAt).short)" } ?? ""
    if let duration = run.duration { return duration.short + allowed }
    guard run.status == .running else { return "not known: it was found dead by the next run" }
    let isOver = run.deadlineAt.map { $0 < now } ?? false
    return "\(run.startedAt.elapsed(at: now).short) so far\(allowed)"
      + (isOver ? ", which is over: stuck or dead" : "")
  }
}
