import JobRuntime
import Postgres

/// One run: what it knows, and what it has done so far.
struct Screening: Sendable {
  private let settings: FraudDetection.Settings
  private let run: JobRun
  private let entries: Entries
  private(set) var report = FraudDetection.Report()
  /// The operator's checks that have not failed yet.
  private var files: [SQLFile]
  private var position = Entries.Position.start
  private var hasVerifiedAt = false
  private var snapshot = ""
  private var lastID: Int64?
  private var domainsDigest = ""

  init(_ settings: FraudDetection.Settings, _ run: JobRun) {
    (self.settings, self.run, files) = (settings, run, settings.files)
    entries = Entries(
      campaigns: settings.campaigns, shard: run.shard, keepFrom: run.scheduledAt - settings.keep,
      isWhole: settings.hasAllChecks)
  }

  // MARK: Before the work

  /// Asks which columns there are, and how far the last run has read.
  mutating func look() async throws {
    let row = try await run.read(
      Statement(
        file: "look.sql", PackageResources.look_sql,
        binding: [
          "instance": run.instance, "part": part, "optional": Rules.optionalColumns + ["written_by"],
        ])
    ).only()
    let columns = try row.value("columns", as: String.self).split(separator: " ").map(String.init)
    hasVerifiedAt = columns.contains("verified_at")
    report.skippedColumns = Rules.optionalColumns.filter { !columns.contains($0) }
    snapshot = try row.value("snapshot")
    lastID = try row.optional("last_id")
    domainsDigest = try row.optional("domains_digest") ?? ""
    if let seen: String = try row.optional("seen") {
      position =
        columns.contains("written_by")
        ? .snapshot(seen) : .moment(try row.value("looked_until"), lastID: try row.value("seen_id"))
    }
    try run.checkpoint(report)
  }

  /// Whose position it is: each shard has one, as each reads only its campaigns.
  private var part: String {
    run.shard.count == 1 ? run.variant : "\(run.variant) shard \(run.shard.index) of \(run.shard.count)"
  }

  /// Keeps the rules, and the domains of the file where they are others than before.
  private mutating func prepare() async throws {
    let domains = try settings.domainsFile.map(Domains.read) ?? ""
    let digest = domains.isEmpty ? "" : Domains.digest(domains)
    let rules = settings.rules
    let statements =
      try
      (digest == domainsDigest
      ? [] : [Statement(file: "file_domains.sql", PackageResources.file_domains_sql, binding: ["domains": domains])])
      + [
        Statement(
          file: "save_rules.sql", PackageResources.save_rules_sql, binding: ["rules": rules, "digest": digest])
      ]
    let limit = run.timeLeft
    try await run.transaction { tx in try tx.pipeline(statements.map { $0.limited(to: limit) }) }
  }

  // MARK: The work

  /// Checks what has come since the last run.
  mutating func checkNew() async throws {
    try await prepare()
    try await forEachNew { screening, ids in
      for start in stride(from: 0, to: ids.count, by: screening.settings.page) {
        try await screening.check(Array(ids[start..<min(start + screening.settings.page, ids.count)]), by: .all)
        screening.run.log.progress("entries checked:", screening.report.entries)
      }
    }
    try await savePosition()
    try await finish()
  }

  /// Checks all, in two passes: what is compared is complete before anything is compared.
  mutating func checkAgain() async throws {
    try await prepare()
    for pass in [Pass.facts, .signals] {
      try await forEachPage { screening, page in try await screening.check(page, by: pass) }
    }
    try await savePosition()
    try await finish()
  }

  /// Compares what is kept with what the checks find, by the facts that are kept.
  mutating func verify() async throws {
    report.differences = 0
    let (rules, moment) = (settings.rules, run.scheduledAt)
    try await forEachPage { screening, page in
      let rows = try await screening.run.read(
        Statement(
          file: "differences.sql", PackageResources.differences_sql,
          binding: ["entries": page, "rules": rules, "moment": moment]
        ).limited(to: screening.run.timeLeft))
      screening.report.entries += page.count
      screening.report.differences = (screening.report.differences ?? 0) + rows.count
      for row in rows.prefix(20) {
        screening.run.log.warning(
          "a signal differs from what its check finds",
          ["entry": .integer(try row.value("entry_id")), "check": .string(try row.value("check_name"))])
      }
    }
  }

  /// Counts what a run would check.
  mutating func plan() async throws -> FraudDetection.Report {
    if settings.mode == .new {
      try await forEachNew { screening, ids in screening.report.entries += ids.count }
    } else {
      try await forEachPage { screening, page in screening.report.entries += page.count }
    }
    return report
  }

  private enum Pass { case all, facts, signals }

  private mutating func check(_ page: [Int64], by pass: Pass) async throws {
    try Task.checkCancellation()
    let own = OwnChecks(
      files: pass == .facts ? [] : files, timeout: settings.checkTimeout, moment: run.scheduledAt)
    let (rules, moment, runID, isWhole) = (settings.rules, run.scheduledAt, run.id, settings.hasAllChecks)
    let limit = run.timeLeft
    let (row, signs, outcome) = try await inTurn { tx in
      let outcome = try own.carryOut(on: page, tx.session)
      let values: [String: any PostgresEncodable] = ["entries": page, "rules": rules, "moment": moment]
      let all = values.merging(["own": outcome.found.text, "run_id": runID, "is_whole": isWhole]) { $1 }
      let statement =
        switch pass {
        case .all: try Statement(file: "check.sql", PackageResources.check_sql, binding: all)
        case .facts: try Statement(file: "note.sql", PackageResources.note_sql, binding: values)
        case .signals: try Statement(file: "weigh.sql", PackageResources.weigh_sql, binding: all)
        }
      let answers = try tx.pipeline(
        (Self.turn + [
          statement, Statement(file: "by_check.sql", PackageResources.by_check_sql, binding: ["entries": page]),
        ]).map { $0.limited(to: limit) })
      try tx.reject(
        outcome.failures.map {
          ItemFailure(item: "check \($0.name)", kind: .checkFailed, message: $0.message)
        })
      // Only a run that checks all makes up for those that it has missed.
      if pass == .signals { try tx.resolve(outcome.good.map { "check \($0.name)" }) }
      return (try answers[2].only(), answers[3], outcome)
    }
    files = files.filter { file in !outcome.failures.contains { $0.name == file.name } }
    report.failed += outcome.failures.count
    if pass != .signals { try report.addRows(row) }
    if pass != .facts { try report.add(row, signs) }
    try run.checkpoint(report)
  }

  /// Makes others wait that check or decide, until the transaction ends.
  ///
  /// It waits for a transaction that does so already, but not without end.
  private static let turn: [Statement] = ["set local lock_timeout = '10s'", "select oneshot.fraud_lock()"]

  /// Carries out a transaction that takes a turn.
  private func inTurn<Value: Sendable>(_ body: @Sendable (borrowing Transaction) throws -> Value) async throws -> Value
  {
    do { return try await run.transaction(body) } catch let error as PostgresError
      where error.state == .lockNotAvailable
    {
      let holders: String? = try await run.read(Statement(file: "holders.sql", PackageResources.holders_sql)).only()
        .optional("holders")
      throw JobFailure(
        .busy,
        "another transaction that checks or decides does not end: \(holders.map { "process \($0)" } ?? "it has ended by now")",
        hint: "End it: select pg_terminate_backend(…). Then start the run again.")
    }
  }

  /// - Parameter body: is given many pages at once, to list them less often.
  private mutating func forEachNew(_ body: (inout Screening, [Int64]) async throws -> Void) async throws {
    let verifies = hasVerifiedAt && settings.checks.contains("disposable_email")
    var after = Int64.min
    while true {
      let ids = try await list(
        entries.new(since: position, hasVerifiedAt: verifies, after: after, limit: Self.mostListed))
      try await body(&self, ids)
      guard ids.count == Self.mostListed, let last = ids.last else { return }
      after = last
    }
  }

  private mutating func forEachPage(_ body: (inout Screening, [Int64]) async throws -> Void) async throws {
    var after = Int64.min
    while true {
      try Task.checkCancellation()
      let page = try await list(entries.page(after: after, limit: settings.page))
      if page.isEmpty { return }
      try await body(&self, page)
      guard page.count == settings.page, let last = page.last else { return }
      after = last
    }
  }

  private func list(_ statement: Statement) async throws -> [Int64] {
    let limit = run.timeLeft
    return try await run.reading { session in
      var ids: [Int64] = []
      try session.forEachPage(of: statement.limited(to: limit), rows: 10_000) { page in
        for row in page { ids.append(try row.value("id")) }
      }
      return ids
    }
  }

  /// Ids that a run holds at once.
  private static let mostListed = 100_000

  // MARK: After the work

  private func savePosition() async throws {
    let statement = try Statement(
      file: "save_position.sql", PackageResources.save_position_sql,
      binding: [
        "instance": run.instance, "part": part, "snapshot": snapshot, "looked_until": run.startedAt,
        "last_id": lastID, "run_id": run.id,
      ])
    try await run.transaction { tx in try tx.execute(statement) }
  }

  private mutating func finish() async throws {
    let forget = try Statement(
      file: "forget.sql", PackageResources.forget_sql,
      binding: ["keep_from": entries.keepFrom, "limit": Self.mostForgotten])
    var removed: Int
    repeat {
      try Task.checkCancellation()
      removed = try await inTurn { tx in
        try tx.pipeline(Self.turn)
        return try tx.execute(forget)
      }
      report.forgotten += removed
    } while removed == Self.mostForgotten
    guard report.proxied > 0 else { return }
    report.warnings = ["proxied"]
    run.log.warning(
      "proxied: sign-ups have addresses of private networks, so the application stores the address of its proxy; these sign-ups count as without a network",
      ["entries": .integer(Int64(report.proxied))])
  }

  private static let mostForgotten = 5000
}
