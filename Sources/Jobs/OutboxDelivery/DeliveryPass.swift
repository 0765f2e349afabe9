import JobRuntime
import Postgres

/// One run: what its lanes share.
struct DeliveryPass: Sendable {
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
    let rates = (settings.mailRate, settings.domainRate)
    (start, targets, pace) = try await run.reading { session in
      let answers = try session.pipeline(["select clock_timestamp() as moment", Targets.all])
      let start: Timestamp = try answers[0].only().value("moment")
      let last = try session.query(try Self.lastMails(since: start - Pace.memory(of: rates.0, rates.1)))
      return (
        start, try Targets(answers[1], threshold: threshold),
        Pace(
          rates.0, domainRate: rates.1,
          last: try last.map { row in
            (Target(name: try row.value("target")), start - (try row.value("started_at", as: Timestamp.self)))
          })
      )
    }
    self.settings = settings
    supplies = Dictionary(uniqueKeysWithValues: settings.channels.map { ($0, Supply($0)) })
  }

  /// When each domain got its last mail, of those since a moment.
  static func lastMails(since moment: Timestamp) throws -> Statement {
    try SQLFragment("last_mails.sql", PackageResources.last_mails_sql, ["since": moment])
      .filling(["target": .target]).statement()
  }

  var moment: Timestamp { start + started.duration(to: .now) }
  private var channels: [String] { settings.channels.map(\.rawValue).sorted() }
  var relay: Target { Target(settings.relay) }

  /// When nothing more is claimed.
  var end: ContinuousClock.Instant { started + settings.time }

  /// Whether the run waits for more, with nothing to do now.
  var lingers: Bool { .now < end && started.duration(to: .now) < settings.linger }

  // MARK: Before the messages

  /// Takes up what dead runs have left, and sets aside what has expired.
  func sweep(_ run: JobRun) async throws {
    let (sweeping, expiring) = (try sweeping(at: moment, of: run.instance), try expiring(at: moment))
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
        "runs ended in the middle of an attempt; it is unknown whether these messages were sent",
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

  func sweeping(at moment: Timestamp, of instance: String) throws -> Statement {
    try Statement(
      file: "sweep.sql", PackageResources.sweep_sql,
      binding: [
        "moment": moment, "channels": channels, "instance": instance,
        "mail_attempts": settings.delays(of: .email).count + 1,
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
      ["moment": moment, "channels": channels, "closed": closed.map(\.name).sorted()]
    ).filling(["target": .target]).statement()
  }

  func plan(_ run: JobRun) async throws -> Report {
    var report = try await counted(run)
    report.due = report.behind
    return report
  }

  private static let removedAtOnce = 1000

  private func removeOld(_ run: JobRun) async throws {
    let (data, rows) = (start - settings.keepData, start - settings.keep)
    for statement in [try Self.erasing(until: data), try Self.removing(until: rows)] {
      while try await run.transaction({ tx in
        try tx.query(statement).only().value("changed", as: Int.self)
      }) == Self.removedAtOnce {}
    }
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
