import Foundation
import JobRuntime
import TestSupport
import Testing

/// Whatever happens to raw events, and wherever runs are killed: after the last run, incremental = rebuild = a plain query.
@Suite(.timeLimit(.minutes(60))) struct RollupPropertyTests {
  /// Clocks that are half an hour or three quarters off, set by half an hour, set over midnight, or set for one month.
  private static let odd = ["America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe"]
  private static let others = [
    "UTC", "America/New_York", "Asia/Kolkata", "Europe/Berlin", "America/Havana", "Atlantic/Azores",
    "Africa/Casablanca",
    "Pacific/Chatham", "Asia/Beirut", "Africa/Cairo",
  ]

  /// `ONESHOT_SEED=…` does again what an earlier test did.
  private static var seeds: [UInt64] {
    if let text = ProcessInfo.processInfo.environment["ONESHOT_SEED"], let seed = UInt64(text) { return [seed] }
    return [UInt64.random(in: 1...999_999)]
  }

  /// `make soak` takes a longer way.
  private static var rounds: Int {
    ProcessInfo.processInfo.environment["ONESHOT_SWEEP"] == "all" ? 30 : 8
  }

  private static var cases: [(zone: String, seed: UInt64)] {
    seeds.flatMap { seed in
      var random = SeededGenerator(seed)
      return (odd + others.shuffled(using: &random).prefix(2)).map { ($0, seed) }
    }
  }

  @Test(arguments: cases)
  func `random batches, random kills: incremental = rebuild = a plain query`(zone: String, seed: UInt64) async throws {
    let comment = Comment(rawValue: "ONESHOT_SEED=\(seed) in \(zone)")
    var random = SeededGenerator(seed)
    var field = try await RollupField(zone: zone)
    var kills = 0
    for _ in 0..<Self.rounds {
      for _ in 0..<Int.random(in: 1...5, using: &random) { try await field.disturb(using: &random) }
      if Bool.random(using: &random) {
        let mode = ["incremental", "incremental", "rebuild"].randomElement(using: &random) ?? "incremental"
        if try await field.kill(mode, after: Int.random(in: 0..<60, using: &random)) { kills += 1 }
      } else {
        let run = try await field.rollups.run()
        #expect(run.exitCode == 0, comment)
      }
    }
    try await field.endTransactions(using: &random)
    let last = try await field.rollups.run()
    #expect(last.exitCode == 0, comment)
    let model = field.rollups.modelled
    #expect(try await field.rollups.differences(from: model) == [], comment)
    #expect(try await field.rollups.queued() == 0, comment)
    let incremental = try await field.rollups.place.rows(Rollups.stored)

    let verified = try await field.rollups.run([], ["ROLLUPS_MODE": "verify"])
    #expect(verified.exitCode == 0 && verified.count("pending") == 0, comment)
    let rebuild = try await field.rollups.run([], ["ROLLUPS_MODE": "rebuild"])
    #expect(rebuild.exitCode == 0, comment)
    #expect(["inserted", "updated", "deleted"].map { rebuild.count($0) } == [0, 0, 0], comment)
    // And anew from nothing.
    try await field.rollups.place.execute("delete from metric_rollups")
    #expect(try await field.rollups.run([], ["ROLLUPS_MODE": "rebuild"]).exitCode == 0, comment)
    let rebuilt = try await field.rollups.place.rows(Rollups.stored)
    #expect(Set(rebuilt) == Set(incremental) && rebuilt.count == incremental.count, comment)
    #expect(kills > 0, comment)
  }
}

/// Raw events to which anything may happen, some of it in transactions that stay open.
private struct RollupField {
  let rollups: Rollups
  private var open: [OpenTransaction] = []
  /// Seconds from the run's moment to the hours in which the zone's clocks were set, within a year.
  private let clockChanges: [Int]

  init(zone: String) async throws {
    rollups = try await Rollups(zone: zone)
    clockChanges = try await rollups.place.rows(
      """
      select extract(epoch from at - timestamptz '\(Rollups.now)')::integer as a
      from (
        select at, at at time zone '\(zone)' - at at time zone 'UTC' as off,
          lag(at at time zone '\(zone)' - at at time zone 'UTC') over (order by at) as before
        from generate_series(timestamptz '\(Rollups.now)' - interval '1 year', '\(Rollups.now)', interval '30 minutes') as at
      ) as clock
      where off <> before
      """
    ).compactMap { Int($0[0]) }
  }

  /// Something that an application, or its operator, may do.
  mutating func disturb(using random: inout SeededGenerator) async throws {
    let place = rollups.place
    switch Int.random(in: 0..<12, using: &random) {
    case 0..<4: try await place.execute(events(using: &random))
    case 4..<6:
      open.append(try await OpenTransaction(in: place, events(using: &random)))
    case 6 where !open.isEmpty:
      let chosen = open.remove(at: Int.random(in: 0..<open.count, using: &random))
      if Int.random(in: 0..<3, using: &random) == 0 { try await chosen.rollBack() } else { try await chosen.commit() }
    case 7:
      try await place.execute("delete from metric_events where id % 11 = \(Int.random(in: 0..<11, using: &random))")
    case 8:
      // One that is rolled back in part: rows of a subtransaction carry the number of the whole.
      try await place.execute(
        """
        begin; \(events(using: &random)); savepoint a; \(events(using: &random)); rollback to a;
        savepoint b; \(events(using: &random)); release b; commit
        """)
    case 9:
      try await place.execute(
        "update metric_events set value = value + 0.1 where id % 13 = \(Int.random(in: 0..<13, using: &random))")
    case 10:
      try await place.execute(
        """
        update metric_events set occurred_at = occurred_at + interval '\(Int.random(in: -90...90, using: &random)) hours'
        where id % 17 = \(Int.random(in: 0..<17, using: &random))
        """)
    default:
      // Delivered twice.
      try await place.execute(
        """
        insert into metric_events (metric, entity_type, entity_id, value, occurred_at)
        select metric, entity_type, entity_id, value, occurred_at from metric_events
        where id % 19 = \(Int.random(in: 0..<19, using: &random)) limit 30
        """)
    }
  }

  /// Events on time, late by minutes or by up to a year, or ahead of time; some at the edges of hours and days.
  private func events(using random: inout SeededGenerator) -> String {
    let offsets = (0..<Int.random(in: 1...25, using: &random)).map { _ in
      switch Int.random(in: 0..<6, using: &random) {
      case 5: (clockChanges.randomElement(using: &random) ?? 0) + Int.random(in: -9...9, using: &random) * 900
      case 0: Int.random(in: -7200...0, using: &random)
      case 1: Int.random(in: -365 * 86_400...0, using: &random)
      case 2: Int.random(in: 0...40 * 86_400, using: &random)
      case 3: Int.random(in: -80...10, using: &random) * 1800
      default: -7200 - Int.random(in: 0...9, using: &random) * 86_400
      }
    }
    let rows = offsets.map { offset in
      """
      ('metric \(Int.random(in: 0..<3, using: &random))', 'user', '\(Int.random(in: 0..<3, using: &random))',
        \(value(using: &random)), timestamptz '\(Rollups.now)' + interval '\(offset) seconds')
      """
    }
    return
      "insert into metric_events (metric, entity_type, entity_id, value, occurred_at) values \(rows.joined(separator: ", "))"
  }

  /// Money, and now and then a number of which a double has no exact decimal, or one beside which others would be lost.
  private func value(using random: inout SeededGenerator) -> Double {
    switch Int.random(in: 0..<8, using: &random) {
    case 0: Double.random(in: -1...1, using: &random)
    case 1: Double(Int.random(in: -9...9, using: &random)) * 1e17
    default: Double(Int.random(in: -40_000...40_000, using: &random)) / 100
    }
  }

  mutating func endTransactions(using random: inout SeededGenerator) async throws {
    for transaction in open.shuffled(using: &random) {
      if Bool.random(using: &random) { try await transaction.commit() } else { try await transaction.rollBack() }
    }
    open = []
  }

  /// - Returns: whether the run had not ended before.
  func kill(_ mode: String, after lines: Int) async throws -> Bool {
    let run = try await SteppedRun(Rollups.binary, rollups.environment(["ROLLUPS_MODE": mode]), after: lines)
    let hadEnded = run.hasEnded
    try await rollups.kill(run)
    return !hadEnded
  }
}
