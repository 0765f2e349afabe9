import Foundation
import TestSupport
import Testing

/// Failovers to a replica that lags, at random moments of runs of all jobs.
///
/// `make soak` does fifty rounds.
///
/// A round: data at random; a replica that receives nothing more from one moment of a run on, and takes the primary's place
/// at a later one; the end of that run; one ordinary run.
@Suite(.timeLimit(.minutes(120))) struct FailoverSoakTests {
  private static func number(_ name: String) -> UInt64? {
    ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
  }

  @Test func `whatever a failover takes away, no success stands over wrong data, and an ordinary run puts all right`()
    async throws
  {
    let rounds = Self.number("ONESHOT_FAILOVERS") ?? 2
    let seed = Self.number("ONESHOT_SEED") ?? UInt64.random(in: 0..<1_000_000)
    var ends: [String: Int] = [:]
    for round in 0..<rounds {
      // Each has a seed of its own, so that it can be done again alone.
      var random = SeededGenerator(seed + round)
      let job = modelledJobs.randomElement(using: &random) ?? Rollups.self
      let again = "ONESHOT_FAILOVERS=1 ONESHOT_SEED=\(seed + round)"
      let end = try await failOver(job, again, using: &random)
      ends[end, default: 0] += 1
      say("failover \(round + 1) of \(rounds): \(job.job): \(end) (\(again))")
    }
    say("failovers: \(ends.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", "))")
  }

  private func say(_ text: String) { FileHandle.standardError.write(Data("\(text)\n".utf8)) }

  /// - Returns: how the run ended in which the failover happened.
  private func failOver<Field: ModelledJob>(
    _ job: Field.Type, _ again: String, using random: inout SeededGenerator
  ) async throws -> String {
    let servers = try await PrivateServers.start()
    let field = try await Field.make(on: servers)
    let place = field.place
    var way = Field.ways.randomElement(using: &random) ?? [:]
    way["JOB_LOCK_TTL"] = "10m"
    way["JOB_BACKOFF_MAX"] = "100ms"
    try await field.change(using: &random)
    if Bool.random(using: &random) {
      try await expectRight(field, way, again)
      try await field.change(using: &random)
    }

    let replica = try await Replica(of: servers)
    let run = try await field.start(way, after: Int.random(in: 0..<30, using: &random))
    try await replica.holdBack(after: place)
    for _ in 0..<Int.random(in: 0..<30, using: &random) where !run.hasEnded { try await run.step() }
    try await replica.takeOver(place)
    run.letGo()
    let outcome = await run.process.outcome()
    let context = Comment(rawValue: "\(again), \(way): exit code \(outcome.exitCode), \(outcome.output)")

    #expect(outcome.contractBreach == nil, context)
    // Done, done and something is wrong with the jobs that are looked at, out of reach, ended by the failover.
    #expect([0, 65, 69, 75].contains(outcome.exitCode), context)
    let id = try #require(outcome.result["run_id"].string, context)
    let stands = try await place.value(
      "exists (select from oneshot.job_runs where run_id = '\(id)' and status in ('succeeded', 'partial'))")
    if stands == "true" { #expect(try await field.mistakes() == [], context) }
    try await expectRight(field, way, again)
    let kind = outcome.result["error", "kind"].string.map { " \($0)" } ?? ""
    return "\(outcome.result["status"].string ?? "?")\(kind)"
  }

  /// Does an ordinary run, after which all is right.
  private func expectRight<Field: ModelledJob>(
    _ field: Field, _ way: [String: String], _ again: String
  ) async throws {
    let run = try await field.run([], way)
    let context = Comment(rawValue: "\(again), \(way): the ordinary run: \(run.output)\(run.errors)")
    #expect(run.exitCode == 0 || run.exitCode == 65, context)
    #expect(try await field.mistakes() == [], context)
  }
}
