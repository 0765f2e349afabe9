import JobRuntime
import Postgres

/// One run: what its lanes share.
struct Work: Sendable {
  let settings: OutboxDelivery.Settings
  let targets: Targets
  let tally = Tally()
  let pace: Pace
  let supplies: [Channel: Supply]
  /// Postgres' clock at the start of the run; what is due is due by that.
  private let start: Timestamp
  private let started = ContinuousClock.now

  init(_ settings: OutboxDelivery.Settings, _ run: JobRun) async throws {
    let threshold = settings.breaker
    (start, targets) = try await run.reading { session in
      let answers = try session.pipeline(["select clock_timestamp() as moment", Targets.all])
      return (try answers[0].only().value("moment"), try Targets(answers[1], threshold: threshold))
    }
    self.settings = settings
    pace = Pace(settings.mailRate)
    supplies = Dictionary(uniqueKeysWithValues: settings.channels.map { ($0, Supply($0)) })
  }

  var moment: Timestamp { start + started.duration(to: .now) }
  private var channels: [String] { settings.channels.map(\.rawValue).sorted() }
  var relay: Target { Target(settings.relay) }

  /// Whether another message may be claimed.
  var goesOn: Bool {
    started.duration(to: .now) < settings.time && tally.taken < settings.most ?? .max
  }

  /// Whether the run waits for more, with nothing to do now.
  var lingers: Bool { goesOn && started.duration(to: .now) < settings.linger }

  // MARK: Before the messages

  /// Takes up what dead runs have left, and sets aside what has expired.
  func sweep(_ run: JobRun) async throws {
    let (sweeping, expiring) = (try sweeping(at: moment), try expiring(at: moment))
    let (expired, swept) = try await run.transaction { tx in
      let rows = try tx.query(sweeping)
      try tx.reject(
        rows.compactMap { row in
          let state: String = try row.value("state")
          guard state != "queued" else { return nil }
          return ItemFailure(
            item: try row.value("delivery_id"), kind: state == "held" ? .doubt : .gaveUp,
            message: "the run that sent it ended before the outcome was known",
            payload: [
              "channel": .string(try row.value("channel")), "template": .string(try row.optional("template") ?? ""),
            ])
        })
      return (try tx.execute(expiring), try rows.map { try $0.value("state", as: String.self) })
    }
    if !swept.isEmpty {
      run.log.warning(
        "runs have ended in the middle of an attempt; nobody knows whether these messages were sent",
        ["messages": .integer(Int64(swept.count)), "held": .integer(Int64(swept.count { $0 == "held" }))])
    }
    tally.count {
      $0.expired += expired
      $0.due += expired
      $0.doubts += swept.count
      $0.held += swept.count { $0 == "held" }
      $0.failed += swept.count { $0 == "failed" }
    }
  }

  func sweeping(at moment: Timestamp) throws -> Statement {
    try Statement(
      file: "sweep.sql", PackageResources.sweep_sql,
      binding: [
        "moment": moment, "channels": channels, "mail_attempts": settings.delays(of: .email).count + 1,
        "webhook_attempts": settings.delays(of: .webhook).count + 1,
      ])
  }

  func expiring(at moment: Timestamp) throws -> Statement {
    try Statement(
      file: "expire.sql", PackageResources.expire_sql, binding: ["moment": moment, "channels": channels])
  }

  // MARK: After the messages

  func finish(_ run: JobRun) async throws -> Report {
    try await removeOld(run)
    return try await counted(run)
  }

  /// Counts what is left, and what would be sent.
  private func counted(_ run: JobRun) async throws -> Report {
    let closed = targets.closed(at: moment)
    let row = try await run.read(Self.left(channels, closed, at: moment)).only()
    let (due, mail): (Int, Int) = (try row.value("due"), try row.value("mail"))
    let throttled = closed.contains(relay) ? mail : 0
    let oldest: Timestamp? = try row.optional("oldest")
    var report = tally.report
    report.leave(
      due, throttled: throttled + (try row.value("closed")),
      oldest: oldest.map { max(.zero, moment - $0) } ?? .zero)
    report.leaveAlone(targets.report(at: moment))
    return report
  }

  static func left(_ channels: [String], _ closed: [Target], at moment: Timestamp) throws -> Statement {
    try SQLFragment(
      "left.sql", PackageResources.left_sql,
      ["moment": moment, "channels": channels]
    ).filling(["open": .open]).binding(["closed": closed.map(\.name).sorted()]).statement()
  }

  func plan(_ run: JobRun) async throws -> Report {
    var report = try await counted(run)
    report.due = report.behind
    return report
  }

  private static let removedAtOnce = 1000

  private func removeOld(_ run: JobRun) async throws {
    let (data, rows) = (start - settings.keepData, start - settings.keep)
    while try await run.transaction({ tx in try tx.execute(Self.erasing(until: data)) }) == Self.removedAtOnce {}
    while try await run.transaction({ tx in
      try tx.query(Self.removing(until: rows)).only().value("removed", as: Int.self)
    }) == Self.removedAtOnce {}
  }

  static func erasing(until moment: Timestamp) throws -> Statement {
    try Statement(
      file: "erase.sql", PackageResources.erase_sql, binding: ["until": moment, "limit": removedAtOnce])
  }

  static func removing(until moment: Timestamp) throws -> Statement {
    try Statement(
      file: "remove.sql", PackageResources.remove_sql, binding: ["until": moment, "limit": removedAtOnce])
  }
}
