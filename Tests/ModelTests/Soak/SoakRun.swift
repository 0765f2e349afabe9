import Foundation
import TestSupport
import Testing

/// One run of the soak: what it is started with, and what happens to it.
struct SoakRun: Sendable {
  enum Kind: CaseIterable { case slot, forced, plan, status, shard, shortDeadline, timeToLive }

  enum Disturbance {
    case none
    case signal(Int32, after: Duration)
    /// Frozen for longer than its lease, while a successor runs.
    case freeze(after: Duration)
    /// Its lock is lost, and another run takes it.
    case lostLock(after: Duration)
  }

  static let shards = 3
  static let days = "2025-11-05..2025-11-07"

  let number: Int
  let kind: Kind
  let disturbance: Disturbance
  let shard: Int
  private let slot: Int
  private let lease: String

  init(_ number: Int, using random: inout SeededGenerator) {
    self.number = number
    kind = Kind.allCases.randomElement(using: &random) ?? .forced
    shard = kind == .shard ? Int.random(in: 0..<Self.shards, using: &random) : 0
    slot = Int.random(in: 10..<60, using: &random)
    lease = ["1s", "3s"].randomElement(using: &random) ?? "1s"
    let moment = Duration.milliseconds(Int.random(in: 0..<250, using: &random))
    switch Int.random(in: 0..<20, using: &random) {
    case 0..<5: disturbance = .signal(SIGKILL, after: moment)
    case 5..<7: disturbance = .signal(SIGTERM, after: moment)
    case 7: disturbance = .signal(SIGINT, after: moment)
    case 8: disturbance = .freeze(after: moment)
    case 9..<11: disturbance = .lostLock(after: moment)
    default: disturbance = .none
    }
  }

  /// An undisturbed run over all days, or a shard's share of them.
  init(_ number: Int, finishing shard: Int?) {
    self.number = number
    kind = shard == nil ? .forced : .shard
    self.shard = shard ?? 0
    (disturbance, slot, lease) = (.none, 10, "30s")
  }

  /// What Postgres knows it by.
  var name: String { "soak-\(number)/\(shard)" }

  var lockKey: String { Usage.lockKey + (kind == .shard ? "/\(shard)" : "") }

  var arguments: [String] { kind == .plan ? ["--plan"] : [] }

  func settings(_ place: Place) -> [String: String] {
    var settings = place.environment
    settings["DATABASE_URL"]? += "&application_name=soak-\(number)%2F\(shard)"
    settings["JOB_SCHEDULED_AT"] = "2025-11-08T02:\(slot):00Z"
    settings["JOB_LOCK_TTL"] = lease
    settings["JOB_BACKOFF_MAX"] = "100ms"
    settings["JOB_ATTEMPTS"] = "5"
    settings["JOB_LOG_LEVEL"] = "debug"
    guard kind != .slot else { return settings }
    settings["JOB_FORCE"] = "true"
    settings["USAGE_DAYS"] = Self.days
    switch kind {
    case .status: settings["USAGE_MODE"] = "status"
    case .shard: settings.merge(["JOB_SHARD_COUNT": "\(Self.shards)", "JOB_SHARD_INDEX": "\(shard)"]) { $1 }
    case .shortDeadline: settings["JOB_TIMEOUT"] = "1s"
    case .timeToLive: settings["USAGE_SET_TTL"] = "30d"
    case .slot, .forced, .plan: break
    }
    return settings
  }

  /// Whether it loses its lock to another run, its successor.
  var hasSuccessor: Bool {
    switch disturbance {
    case .freeze, .lostLock: true
    case .none, .signal: false
    }
  }

  private var successor: SoakRun { SoakRun(-number, finishing: kind == .shard ? shard : nil) }

  /// Runs it, disturbs it, and holds its ending against the contract.
  ///
  /// - Parameter isAlone: whether nothing else disturbs it or its successor: no restart, no other lost lock.
  /// - Returns: its exit code.
  @discardableResult
  func run(in place: Place, isAlone: Bool = false) async throws -> Int32 {
    let process = try Usage.binary.start(arguments, settings(place))
    var wasKilled = false
    var successorsCode: Int32?
    switch disturbance {
    case .none: break
    case .signal(let signal, let moment):
      try await Task.sleep(for: moment)
      process.send(signal)
      wasKilled = signal == SIGKILL
    case .freeze(let moment):
      try await Task.sleep(for: moment)
      process.send(SIGSTOP)
      try await Task.sleep(for: .milliseconds(1200))
      successorsCode = try await successor.run(in: place)
      process.send(SIGCONT)
    case .lostLock(let moment):
      try await Task.sleep(for: moment)
      // Redis may just be away.
      _ = try? await place.redis("DEL", lockKey)
      successorsCode = try await successor.run(in: place)
    }
    let outcome = await process.outcome()
    let comment = Comment(rawValue: "\(self): exit code \(outcome.exitCode), \(outcome.output)\(outcome.errors)")
    if wasKilled, outcome.exitCode == 128 + SIGKILL { return outcome.exitCode }
    // A signal that comes before main has begun finds nobody to catch it. Nothing was done then: the first
    // line of a run's log comes before it contacts anybody.
    if case .signal(let signal, _) = disturbance, outcome.exitCode == 128 + signal, outcome.errors.isEmpty {
      #expect(outcome.output.isEmpty, comment)
      // Postgres may be restarting.
      var committed: String?
      try await eventually {
        committed = try? await place.value("select count(*) from audit where run = '\(name)'")
        return committed != nil
      }
      #expect(committed == "0", comment)
      return outcome.exitCode
    }
    #expect(outcome.result["exit_code"].int == Int(outcome.exitCode), comment)
    // Done, with the bad item, a server away, leadership or time lost, a signal: nothing else can happen here.
    #expect([0, 65, 69, 75, 128 + SIGINT, 128 + SIGTERM].contains(outcome.exitCode), comment)
    // Whatever becomes of a run that lost its lock: it does not take its successor down with it.
    if isAlone, let successorsCode {
      let isWorkDone = [outcome.exitCode, successorsCode].contains { $0 == 0 || $0 == 65 }
      #expect(isWorkDone, "the successor ended with \(successorsCode); \(comment)")
    }
    return outcome.exitCode
  }
}
