import Redis
import TestSupport
import Testing

/// Runs that are killed, paused and overtaken, or started twenty times at once.
@Suite(.timeLimit(.minutes(15))) struct StopTests {
  private static let earlier = "2025-11-08T01:30:00Z"

  /// - Returns: the lists at the earlier moment and now; those at the earlier one are published.
  private func field() async throws -> (trends: Trends, old: [[String]], new: [[String]]) {
    let trends = try await Trends()
    try await trends.fill()
    #expect(try await trends.run().exitCode == 0)
    let new = try await trends.lists()
    #expect(try await trends.run([], ["JOB_SCHEDULED_AT": Self.earlier]).exitCode == 0)
    let old = try await trends.lists()
    #expect(zip(old, new).allSatisfy { $0 != $1 && !$0.isEmpty && !$1.isEmpty })
    return (trends, old, new)
  }

  @Test func `killed at any step, each list is the old or the new one, whole, and the next run makes all new`()
    async throws
  {
    let (trends, old, new) = try await field()
    var seen: Set<[[String]]> = []
    for lines in 1... {
      #expect(try await trends.run([], ["JOB_SCHEDULED_AT": Self.earlier]).exitCode == 0)
      let isKilled = try await trends.kill([:], after: lines)
      let lists = try await trends.lists()
      seen.insert(lists)
      for (list, (old, new)) in zip(lists, zip(old, new)) { #expect(list == old || list == new, "after \(lines)") }
      #expect(try await trends.run().exitCode == 0)
      #expect(try await trends.lists() == new, "after \(lines)")
      guard isKilled else { break }
    }
    // Also between two of the windows.
    #expect(seen.count >= 4 && seen.contains(old) && seen.contains(new))
    #expect(try await trends.place.redis("KEYS", "oneshot:new:*").elements.count <= 2)
  }

  /// Between two statements, and between a statement and its answer.
  @Test(arguments: [false, true])
  func `killed between any two pieces of its conversation, each list is the old or the new one`(arrives: Bool)
    async throws
  {
    let (trends, old, new) = try await field()
    var piece = Int.random(in: 1...6)
    while try await trends.kill([:], atPiece: piece, arrives: arrives) {
      for (list, (old, new)) in zip(try await trends.lists(), zip(old, new)) {
        #expect(list == old || list == new, "killed at piece \(piece)")
      }
      #expect(try await trends.run().exitCode == 0)
      #expect(try await trends.lists() == new, "killed at piece \(piece)")
      #expect(try await trends.run([], ["JOB_SCHEDULED_AT": Self.earlier]).exitCode == 0)
      piece += 6
    }
    #expect(piece > 18)
  }

  @Test func `twenty starts at once make one list, and all end well`() async throws {
    let (trends, _, new) = try await field()
    // The slot has not been done yet.
    try await trends.place.execute("delete from oneshot.job_runs")
    let outcomes = try await withThrowingTaskGroup(of: Binary.Outcome.self) { group in
      for _ in 1...20 { group.addTask { try await trends.run([], ["JOB_FORCE": "false"]) } }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(outcomes.allSatisfy { $0.exitCode == 0 }, "\(outcomes.map(\.output))")
    #expect(outcomes.count { $0.result["status"].string == "succeeded" } == 1)
    #expect(try await trends.lists() == new)
  }

  @Test(arguments: ["trending:", "{trending}:"])
  func `in a cluster each list is the one that a single server has`(prefix: String) async throws {
    let (trends, _, new) = try await field()
    let cluster = try await RedisCluster()
    let run = try await trends.run([], ["REDIS_URL": cluster.url, "TRENDING_KEY_PREFIX": prefix])
    #expect(run.exitCode == 0 && run.count("published") == 3, "\(run.output)\(run.errors)")
    for (window, list) in zip(["1h", "24h", "7d"], new) {
      let members = try await cluster.cli(all: ["ZREVRANGE \(prefix)\(window) 0 -1"])
      #expect(members == list.map { String($0.prefix { $0 != " " }) })
      #expect(try await cluster.cli(all: ["HGET \(prefix)meta:\(window) members"]) == ["\(list.count)"])
    }
  }

  @Test func `when Redis fails over between calculation and publication, the lists are in the new primary`()
    async throws
  {
    let (trends, _, new) = try await field()
    let (outcome, sentinels) = try await trends.failOver(past: "calculated the lists")
    #expect(outcome.exitCode == 0 && outcome.count("published") == 3, "\(outcome.output)\(outcome.errors)")
    for (window, list) in zip(["1h", "24h", "7d"], new) {
      let members = try await Sentinels.answer(sentinels.replica.port, "ZREVRANGE", "trending:\(window)", "0", "-1")
      #expect(members.split(separator: "\n").map(String.init) == list.map { String($0.prefix { $0 != " " }) })
    }
  }

  @Test(arguments: ["claimed the keys", "calculated the lists"])
  func `a run that was paused and overtaken publishes nothing over the newer lists`(step: String) async throws {
    let (trends, _, new) = try await field()
    let paused = try await trends.start(["JOB_SCHEDULED_AT": Self.earlier], past: step)
    try await trends.place.redis("DEL", Trends.lockKey)
    #expect(try await trends.run().exitCode == 0)
    paused.letGo()
    let outcome = try await paused.process.outcome(within: .seconds(120))
    #expect(outcome.exitCode == 75, "\(outcome.output)")
    #expect(try await trends.lists() == new)
  }
}
