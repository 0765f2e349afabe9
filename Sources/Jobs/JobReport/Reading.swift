import JobRuntime
import Operations
import Postgres

/// Reads the state of all jobs at one moment.
struct Reading: Sendable {
  let settings: StatusPage.Settings
  let now: Timestamp
  let scheduledAt: Timestamp
  /// The run that reads, which the page leaves out.
  let own: RunID
  let judgement: Judgement

  // How much of each is shown.
  static let mostParts = 60
  static let mostFailures = 30
  static let mostLetterGroups = 25
  static let samples = 3
  static let mostLocks = 50

  /// The installations whose rows are read.
  private var scope: [String: any PostgresEncodable] {
    let scope = judgement.scope.list
    return ["scope": scope.instances, "is_excluding": scope.isExcluding]
  }

  func carryOut(_ session: borrowing Session) throws -> Picture {
    try session.query("set transaction read only")
    // A hundred thousand runs are sorted in memory; and compiling these queries takes longer than it saves.
    try session.query("select set_config('work_mem', '32MB', true), set_config('jit', 'off', true)")
    let axis = TimeAxis(days: settings.days, endingOn: now)
    let verdict = judgement.verdict
    var picture = Picture(
      title: settings.title, madeAt: now, scheduledAt: scheduledAt, version: oneshotVersion, runID: own.description,
      oldAfter: settings.oldAfter, axis: axis, parts: .init(), unwell: 0, tally: .init(), failures: .init(),
      deadLetters: .init(), letters: 0, locks: .init(), names: judgement.names, links: settings.links,
      paused: judgement.paused, snoozes: verdict.snoozes.map { ($0.snooze, $0.troubles.count) },
      troubles: verdict.troubles,
      hasExpectations: !settings.health.expectations.isEmpty)
    try readParts(&picture, session)
    try readFailures(&picture, session)
    try readDeadLetters(&picture, session)
    try readLocks(&picture, session)
    picture.deliveries = try Deliveries.read(at: now, session)
    picture.reviews = try Reviews.read(session)
    return picture
  }

  private func readParts(_ picture: inout Picture, _ session: borrowing Session) throws {
    let axis = picture.axis
    let rows = try session.query(
      Statement(
        file: "parts.sql", PackageResources.parts_sql,
        binding: ["since": axis.start, "now": now, "own": own, "doctor": JobPart.doctor, "limit": Self.mostParts]
          .merging(scope) { $1 }))
    var parts = try rows.map { try Part(row: $0) }
    let cells = try session.query(
      Statement(
        file: "cells.sql", PackageResources.cells_sql,
        binding: [
          "since": axis.start, "cell": axis.cell, "cells": axis.cells, "own": own, "jobs": parts.map(\.part.job),
          "variants": parts.map(\.part.variant), "shards": parts.map(\.part.shard),
          "instances": parts.map(\.part.instance), "servers": parts.map(\.part.server),
        ]))
    // The server counts from 1.
    for row in cells { parts[try row.value("number", as: Int.self) - 1].cells.append(try Part.Cell(row: row)) }
    parts.sort { $0.part < $1.part }
    picture.parts = .init(shown: parts, total: try rows.first?.value("parts_total") ?? 0)
    guard let first = rows.first else { return }
    picture.unwell = try first.value("unwell_total")
    picture.tally = Picture.Tally(
      runs: try first.value("runs_total"), succeeded: try first.value("succeeded_total"),
      unsuccessful: try first.value("unsuccessful_total"), running: try first.value("running_total"))
  }

  private func readFailures(_ picture: inout Picture, _ session: borrowing Session) throws {
    let rows = try session.query(
      Statement(
        file: "failures.sql", PackageResources.failures_sql,
        binding: ["since": picture.axis.start, "own": own, "doctor": JobPart.doctor, "limit": Self.mostFailures]
          .merging(scope) { $1 }))
    picture.failures = .init(
      shown: try rows.map { try FailureGroup(row: $0) }, total: try rows.first?.value("groups_total") ?? 0)
  }

  private func readDeadLetters(_ picture: inout Picture, _ session: borrowing Session) throws {
    let rows = try session.query(
      Statement(
        file: "dead_letters.sql", PackageResources.dead_letters_sql,
        binding: ["samples": Self.samples, "limit": Self.mostLetterGroups].merging(scope) { $1 }))
    var groups: [LetterGroup] = []
    for row in rows {
      let group = try LetterGroup(row: row)
      if groups.last?.part != group.part || groups.last?.kind != group.kind { groups.append(group) }
      groups[groups.endIndex - 1].samples.append(try LetterGroup.Sample(row: row))
    }
    picture.deadLetters = .init(shown: groups, total: try rows.first?.value("groups_total") ?? 0)
    picture.letters = try rows.first?.value("letters_total") ?? 0
  }

  private func readLocks(_ picture: inout Picture, _ session: borrowing Session) throws {
    let others = (judgement.facts.locks ?? []).filter { $0.runID != own.description }
    let shown = Array(others.prefix(Self.mostLocks))
    let runs = try session.query(LedgerRun.withIDs(shown.compactMap(\.runID))).map { try LedgerRun(row: $0) }
    picture.locks = .init(
      shown: shown.map { lock in LockStanding(lock: lock, run: runs.first { $0.id == lock.runID?.lowercased() }) },
      total: others.count)
  }
}

// MARK: Rows

extension Part {
  fileprivate init(row: Row) throws(PostgresError) {
    part = try JobPart(row: row)
    let newestStatus = try LedgerRun.Status(word: row.value("newest_status"))
    newest = (
      id: try row.value("newest_id"), startedAt: try row.value("newest_at"), isRunning: newestStatus == .running,
      isOverdue: try row.optional("is_overdue") ?? false, deadlineAt: try row.optional("deadline_at")
    )
    if let endedAt: Timestamp = try row.optional("ended_at") {
      ended = Ended(
        status: try LedgerRun.Status(word: row.value("ended_status")), startedAt: endedAt,
        errorKind: try row.optional("error_kind"), duration: try row.duration("duration_ms"),
        items: try row.optional("items_processed"), behind: try row.optional("behind"),
        oldest: try row.duration("oldest_ms").flatMap { $0 > .zero ? $0 : nil })
    }
    succeededAt = try row.optional("succeeded_at")
    unsuccessfulInARow = try row.value("in_a_row")
    runs = try row.value("runs")
    succeeded = try row.value("succeeded")
    unsuccessful = try row.value("unsuccessful")
    median = try row.duration("median_ms")
    high = try row.duration("high_ms")
    longest = try row.duration("longest_ms")
    items = try row.optional("items")
  }
}

extension Part.Cell {
  fileprivate init(row: Row) throws(PostgresError) {
    number = try row.value("cell")
    counts = [:]
    for status in LedgerRun.Status.allCases {
      let count: Int = try row.value(status.rawValue)
      if count > 0 { counts[status] = count }
    }
    median = try row.duration("median_ms")
    items = try row.optional("items")
  }
}

extension FailureGroup {
  fileprivate init(row: Row) throws(PostgresError) {
    part = try JobPart(row: row)
    kind = try row.value("kind")
    message = try row.excerpt("message")
    hint = try row.excerpt("hint")
    errorsTotal = try row.optional("errors_total") ?? 0
    times = try row.value("times")
    firstAt = try row.value("first_at")
    newestAt = try row.value("started_at")
    runID = try row.value("run_id")
  }
}

extension LetterGroup {
  fileprivate init(row: Row) throws(PostgresError) {
    part = JobPart(
      instance: try row.value("instance"), job: try row.value("job"), server: try row.value("server"))
    kind = try row.value("kind")
    letters = try row.value("letters")
    firstAt = try row.value("first_at")
    newestAt = try row.value("newest_at")
    mostAttempts = try row.value("most_attempts")
    cause = try row.optional("cause")
    remedy = try row.optional("remedy")
  }
}

extension LetterGroup.Sample {
  fileprivate init(row: Row) throws(PostgresError) {
    item = try row.excerpt("item") ?? .init(text: "", length: 0)
    message = try row.excerpt("message") ?? .init(text: "", length: 0)
    attempts = try row.value("attempts")
    lastFailedAt = try row.value("last_failed_at")
  }
}

extension LedgerRun.Status {
  fileprivate init(word: String) throws(PostgresError) {
    guard let known = Self(rawValue: word) else { throw .decoding("status is «\(word)»") }
    self = known
  }
}

extension Row {
  fileprivate func duration(_ column: String) throws(PostgresError) -> Duration? {
    // The ledger may hold any values; more than a hundred years are shown as a hundred.
    try optional(column, as: Int64.self).map { .milliseconds(min(max(0, $0), 36_525 * 86_400_000)) }
  }

  /// A shortened text, with its original length from a second column.
  func excerpt(_ column: String) throws(PostgresError) -> Picture.Excerpt? {
    guard let text: String = try optional(column) else { return nil }
    return Picture.Excerpt(text: text, length: try value(column + "_length"))
  }
}
