import Glibc
import JobRuntime
import Redis
import TestSupport
import Testing

/// Runs that are killed, start together, share the work, or are paused and overtaken.
@Suite(.timeLimit(.minutes(30))) struct StopTests {
  /// Every key of a feed is whole and has a lifetime.
  private func isWhole(_ feeds: Feeds, users: Int) async throws -> Int {
    var found = 0
    for user in 1...users {
      guard let feed = try await feeds.feed(user) else { continue }
      #expect(feed == ["1", "2", "3"])
      #expect(try await feeds.left(user) > 0, "user \(user)")
      found += 1
    }
    return found
  }

  @Test func `killed after any step, feeds are whole or missing, and the next run does the rest`() async throws {
    let feeds = try await Feeds(["WARM_BATCH": "3"])
    try await feeds.fillPlainly(users: 10)
    var lines = 0
    while try await feeds.kill([:], after: lines) {
      _ = try await isWhole(feeds, users: 10)
      let rest = try await feeds.run()
      #expect(rest.exitCode == 0, "killed after \(lines) lines: \(rest.output)")
      #expect(try await isWhole(feeds, users: 10) == 10)
      try await feeds.place.redis(all: (1...10).map { RedisCommand("DEL", "feed:\($0)") })
      lines += 1
    }
    #expect(lines > 10, "\(lines)")
  }

  @Test(arguments: [false, true])
  func `killed between any two pieces of its conversation, no feed is half written or without a lifetime`(arrives: Bool)
    async throws
  {
    let feeds = try await Feeds()
    try await feeds.fillPlainly(users: 5)
    var piece = 1
    while try await feeds.kill([:], atPiece: piece, arrives: arrives) {
      _ = try await isWhole(feeds, users: 5)
      let rest = try await feeds.run()
      #expect(rest.exitCode == 0, "killed at piece \(piece): \(rest.output)")
      #expect(try await isWhole(feeds, users: 5) == 5)
      try await feeds.place.redis(all: (1...5).map { RedisCommand("DEL", "feed:\($0)") })
      piece += 3
    }
    #expect(piece > 20)
  }

  @Test func `a run that is asked to end says whom it has not reached, and the next one does the rest`() async throws {
    let feeds = try await Feeds(["WARM_USERS": "2100"])
    try await feeds.fillPlainly(users: 2100)
    let run = try await feeds.start(past: "\"ranked\"")
    run.process.send(SIGTERM)
    run.letGo()
    let outcome = await run.process.outcome()
    #expect(outcome.exitCode == 143, "\(outcome.output)\(outcome.errors)")
    let (warmed, behind) = (outcome.count("warmed") ?? -1, outcome.count("behind") ?? -1)
    #expect(behind > 0 && warmed >= 0 && warmed + behind <= 2100, "\(outcome.output)")
    let keys = try await feeds.place.redis("KEYS", "feed:*").elements.count
    let rest = try await feeds.run()
    // The author of all posts follows nobody.
    #expect(rest.exitCode == 0 && rest.count("behind") == 0 && rest.count("empty") == 1, "\(rest.output)")
    #expect(rest.count("warmed") == 2099 - keys, "\(rest.output)")
  }

  @Test func `when Redis fails over between ranking and publication, the feeds are in the new primary`() async throws {
    let feeds = try await Feeds()
    try await feeds.fillPlainly(users: 3)
    let (outcome, sentinels) = try await feeds.failOver(past: "\"ranked\"")
    #expect(outcome.exitCode == 0 && outcome.count("warmed") == 3, "\(outcome.output)\(outcome.errors)")
    for user in 1...3 {
      #expect(try await Sentinels.answer(sentinels.replica.port, "GET", "feed:\(user)").contains(#"["1","2","3"]"#))
    }
  }

  @Test func `of twenty that start together one works, and all end well`() async throws {
    let feeds = try await Feeds()
    try await feeds.fillPlainly(users: 50)
    let running = try (0..<20).map { _ in try Feeds.binary.start([], feeds.environment()) }
    var warmed = 0
    for run in running {
      let outcome = await run.outcome()
      #expect(outcome.exitCode == 0, "\(outcome.output)")
      warmed += outcome.count("warmed") ?? 0
    }
    #expect(warmed == 50, "what one has written is fresh to those that start after it")
    #expect(try await isWhole(feeds, users: 50) == 50)
  }

  @Test func `shares at once warm each feed once`() async throws {
    let feeds = try await Feeds(["JOB_SHARD_COUNT": "3", "WARM_USERS": "200", "WARM_ACTIVE": "30m"])
    try await feeds.fillPlainly(users: 300)
    for _ in 0..<2 {
      let running = try (0..<3).map { try Feeds.binary.start([], feeds.environment(["JOB_SHARD_INDEX": "\($0)"])) }
      var warmed: [Int] = []
      for run in running {
        let outcome = await run.outcome()
        #expect(outcome.exitCode == 0, "\(outcome.output)")
        warmed.append(outcome.count("warmed") ?? 0)
      }
      #expect(warmed.reduce(0, +) == 200 && warmed.allSatisfy { $0 > 40 }, "\(warmed)")
      #expect(try await isWhole(feeds, users: 300) == 200)
      try await feeds.place.redis(all: (1...300).map { RedisCommand("DEL", "feed:\($0)") })
    }
  }

  /// Whether the newer run had something to write, or found everything fresh.
  @Test(arguments: [true, false])
  func `a run that was paused past its lease and overtaken writes nothing`(isWriting: Bool) async throws {
    let feeds = try await Feeds()
    try await feeds.fillPlainly(users: 4)
    let paused = try await feeds.start(past: "read the expiries")
    paused.process.send(SIGSTOP)
    try await feeds.place.redis("DEL", Feeds.lockKey)
    if !isWriting { try await feeds.put("newer", for: 1...4, left: 3_000_000) }
    let newer = try await feeds.run()
    #expect(newer.exitCode == 0 && newer.count(isWriting ? "warmed" : "fresh") == 4, "\(newer.output)")
    // Whatever becomes of them, the older one leaves them alone.
    try await feeds.place.redis(all: (1...4).map { RedisCommand("DEL", "feed:\($0)") })
    paused.process.send(SIGCONT)
    paused.letGo()
    let outcome = await paused.process.outcome()
    #expect(outcome.exitCode == 75, "\(outcome.output)")
    for user in 1...4 { #expect(try await feeds.left(user) == -2) }
  }

  @Test func `in a cluster feeds are warmed, renewed when they are due, and kept when others write them`() async throws
  {
    let feeds = try await Feeds()
    try await feeds.fillPlainly(users: 40)
    let cluster = try await RedisCluster()
    try await cluster.cli(all: ["SET feed:1 old PX 3000000", "SET feed:2 old PX 70000", "SET feed:3 old PX 70000"])
    let run = try await feeds.start(["REDIS_URL": cluster.url], past: "read the expiries")
    try await cluster.cli(all: ["SET feed:3 newer PX 60000", "SET feed:4 newer PX 60000"])
    run.letGo()
    let outcome = await run.process.outcome()
    #expect(outcome.exitCode == 0, "\(outcome.output)")
    #expect(
      outcome.count("fresh") == 1 && outcome.count("kept") == 2 && outcome.count("warmed") == 37, "\(outcome.output)")
    let answers = try await cluster.cli(all: (1...40).flatMap { ["GET feed:\($0)", "PTTL feed:\($0)"] })
    #expect(answers.count { $0.contains("ids") } == 37 && answers.count { $0.contains("newer") } == 2)
    #expect(!answers.contains("-1"))
    // Who is active may stand on any of the servers.
    let now = feeds.moment.microseconds / 1_000_000
    try await cluster.cli(all: ["ZADD seen \(now) 5 \(now) 6", "DEL feed:5", "DEL feed:6", "DEL feed:7"])
    let active = try await feeds.run([], ["REDIS_URL": cluster.url, "WARM_ACTIVITY": "redis:seen"])
    #expect(active.exitCode == 0 && active.count("warmed") == 2, "\(active.output)")
  }
}
