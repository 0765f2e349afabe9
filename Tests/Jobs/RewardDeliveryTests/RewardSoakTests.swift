import Foundation
import Glibc
import TestSupport
import Testing

/// Runs that are killed anywhere.
///
/// `make soak` does it a thousand times.
@Suite(.timeLimit(.minutes(120))) struct RewardSoakTests {
  @Test func `killed again and again, by two shards, each reward has one code and one message`() async throws {
    let environment = ProcessInfo.processInfo.environment
    let kills = environment["ONESHOT_SOAK_RUNS"] == nil ? 8 : 1000
    let seed = environment["ONESHOT_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 1...999_999)
    print("kill points: ONESHOT_SEED=\(seed)")
    var random = SeededGenerator(seed)
    let earned = try await Earned(["REWARD_BATCH": "7", "JOB_SHARD_COUNT": "2"])
    var id = 0
    for kill in 1...kills {
      let more = Int.random(in: 10...40, using: &random)
      try await earned.add((id + 1)...(id + more))
      try await earned.load((id + 1)...(id + more))
      id += more
      try await earned.place.execute(
        "update oneshot.deliveries set state = case when random() < 0.9 then 'sent' else 'cancelled' end where state = 'queued' and random() < 0.5"
      )
      let beside = try Earned.binary.start([], earned.environment(["JOB_SHARD_INDEX": "1"]))
      let run = try await earned.start(["JOB_SHARD_INDEX": "0"], after: Int.random(in: 3...40, using: &random))
      run.process.send(SIGKILL)
      _ = await run.process.outcome()
      _ = await beside.outcome()
      try await earned.endOfKilled()
      try await earned.place.redis("DEL", "\(Earned.lockKey)/0")
      #expect(try await earned.mistakes() == [], "after \(kill) kills")
    }
    for shard in ["0", "1"] {
      #expect([0, 65].contains(try await earned.run([], ["JOB_SHARD_INDEX": shard]).exitCode))
    }
    #expect(try await earned.mistakes() == [])
    #expect(
      try await earned.place.value("select count(*) from oneshot.reward_codes where reward_id is not null") == "\(id)")
  }
}
