import Postgres
import Redis
import Synchronization
import TestSupport
import Testing

@testable import JobRuntime

/// `run.publish` and `run.claim`, for whatever job.
@Suite(.timeLimit(.minutes(10))) struct PublishingTests {
  private static let fenceKey = "oneshot:fence:{board}/sample"

  /// So many members, the first with the greatest score.
  private static func members(_ count: Int) -> Replacement.Content {
    .sortedSet((0..<count).map { ("member \($0)", "\(count - $0).5") })
  }

  private static func keys(of place: Place) async throws -> [String] {
    try await place.redis("KEYS", "*").elements.compactMap(\.text).sorted()
  }

  @Test(arguments: [1, 999, 1000, 1001, 25_000])
  func `what is published takes the place of what was there, whole, and nothing else is left`(
    count: Int
  ) async throws {
    let place = try await Place()
    try await place.redis("SET", "board", "of another type")
    try await place.redis("HSET", "about", "old", "1")
    let result = try await SampleJob { run in
      try await run.publish([
        Replacement("board", Self.members(count)),
        Replacement("about", .hash([("members", "\(count)"), ("a b", "ü\0")])),
      ])
    }.result(in: place)
    #expect(result.status == .succeeded, "\(result)")
    let board = try await place.redis("ZREVRANGE", "board", "0", "-1", "WITHSCORES").elements.compactMap(\.text)
    #expect(board.count == 2 * count && board.prefix(2) == ["member 0", "\(count).5"])
    #expect(board.suffix(2) == ["member \(count - 1)", "1.5"])
    let about = try await place.redis("HGETALL", "about").elements.compactMap(\.text)
    #expect(about == ["members", "\(count)", "a b", "ü\0"])
    #expect(try await Self.keys(of: place) == ["about", "board", Self.fenceKey])
  }

  @Test func `nothing, published, leaves no key`() async throws {
    let place = try await Place()
    try await place.redis("ZADD", "board", "1", "old")
    let result = try await SampleJob { run in
      try await run.publish([Replacement("board", .sortedSet([])), Replacement("about", .hash([]))])
      try await run.publish([])
    }.result(in: place)
    #expect(result.status == .succeeded, "\(result)")
    #expect(try await Self.keys(of: place) == [Self.fenceKey])
  }

  @Test func `keys end together after their time, or never`() async throws {
    let place = try await Place()
    let pair = [Replacement("board", Self.members(3)), Replacement("about", .hash([("members", "3")]))]
    for life in [Duration.hours(2), nil, .hours(1)] {
      let result = try await SampleJob { run in try await run.publish(pair, timeToLive: life) }.result(in: place)
      #expect(result.status == .succeeded, "\(result)")
      for key in ["board", "about"] {
        let left = try await place.redis("PTTL", key).integer ?? 0
        let wanted = life?.inMilliseconds ?? -1
        #expect(life == nil ? left == -1 : left > wanted - 60_000 && left <= wanted, "\(key): \(left)")
      }
    }
    #expect(try await place.redis("PTTL", Self.fenceKey).integer == -1)
  }

  /// What happens to the servers after a board is built and before it is renamed.
  enum Between: String, CaseIterable { case aNewerRunPublishes, theBuiltKeyIsGone }

  @Test(arguments: Between.allCases)
  func `between building and renaming`(what: Between) async throws {
    let place = try await Place()
    try await place.redis("ZADD", "board", "1", "old")
    let number = place.redisNumber
    let servers = place.servers
    let isDone = Atomic<Bool>(false)
    let proxy = try Proxy(to: servers.redisSocket) { piece in
      guard piece.contains("redis.call('rename'"), !isDone.exchange(true, ordering: .relaxed) else { return .pass }
      let client = #"redis-cli -s "$ONESHOT_SERVERS/redis.sock" -n \#(number)"#
      switch what {
      case .aNewerRunPublishes: try? servers.shell("\(client) set '\(Self.fenceKey)' 99")
      case .theBuiltKeyIsGone: try? servers.shell("\(client) --scan --pattern 'oneshot:new:*' | xargs \(client) del")
      }
      return .pass
    }
    defer { proxy.close() }
    let result = try await SampleJob { run in try await run.publish([Replacement("board", Self.members(2500))]) }
      .result(in: place, place.environment(redis: proxy).merging(["JOB_BACKOFF_MAX": "0s"]) { $1 })
    let wasDone = isDone.load(ordering: .relaxed)
    #expect(wasDone)
    switch what {
    case .aNewerRunPublishes:
      #expect(result.error?.kind == .fenced, "\(result)")
      #expect(try await place.redis("ZRANGE", "board", "0", "-1").elements.map(\.text) == ["old"])
      #expect(try await place.redis("GET", Self.fenceKey).text == "99")
      let left = try await place.redis("KEYS", "oneshot:new:*").elements.compactMap(\.text)
      #expect(left.count == 1)
      #expect(try await place.redis("PTTL", left.first ?? "").integer ?? 0 > 0, "it ends by itself")
    case .theBuiltKeyIsGone:
      #expect(result.status == .succeeded, "\(result)")
      #expect(try await place.redis("ZCARD", "board").integer == 2500)
    }
  }

  @Test func `a claim keeps older runs from a key that is not published yet`() async throws {
    let place = try await Place()
    let result = try await SampleJob { run in
      try await run.claim(["board", "other"])
      #expect(try await place.redis("GET", Self.fenceKey).text?.hasPrefix("1 in ") == true)
      try await place.redis("SET", Self.fenceKey, "2")
      try await run.publish([Replacement("other", Self.members(1))])
      try await run.publish([Replacement("board", Self.members(1))])
    }.result(in: place)
    #expect(result.error?.kind == .fenced, "\(result)")
    #expect(try await Self.keys(of: place).filter { !$0.hasPrefix("oneshot:") } == ["other"])
    let late = try await SampleJob { run in
      try await place.redis("SET", Self.fenceKey, "3")
      try await run.claim(["board"])
    }.result(in: place)
    #expect(late.error?.kind == .fenced && late.error?.message.contains(Self.fenceKey) == true, "\(late)")
  }

  @Test func `of two shares with the same number the first keeps the key, and a greater number takes it`() async throws
  {
    let place = try await Place()
    func claim(_ fence: Int64, _ index: Int, _ count: Int) async throws -> Bool {
      let token = PublishingToken(
        fence: fence, shard: Shard(index: index, count: count), job: "sample", key: Self.fenceKey)
      do { try await place.redis.withSession { session in try token.claim(&session) } } catch {
        #expect((error as? JobFailure)?.kind == .fenced, "\(error)")
        return false
      }
      return true
    }
    #expect(try await claim(5, 0, 1))
    #expect(try await !claim(5, 1, 2))
    #expect(try await claim(5, 0, 1), "it may come again")
    #expect(try await claim(6, 1, 2))
    #expect(try await !claim(5, 0, 1))
    #expect(try await !claim(6, 0, 1))
    #expect(try await !claim(6, 1, 3))
    // As numbers, not as text.
    #expect(try await claim(10, 0, 1))
    #expect(try await !claim(9, 1, 2))
    #expect(try await place.redis("GET", Self.fenceKey).text == "10")
  }

  @Test func `a fence that Redis has seen and its database has lost is surpassed in the same run`() async throws {
    let place = try await Place()
    let job = SampleJob { run in
      try await run.claim(["board"])
      try await run.publish([Replacement("board", Self.members(3))])
    }
    for _ in 1...5 { #expect(try await job.result(in: place).status == .succeeded) }
    try await place.execute("update oneshot.fences set token = 2")
    let result = try await job.result(in: place)
    #expect(result.status == .succeeded && result.fence == 6, "\(result)")
    #expect(try await place.value("select string_agg(distinct token::text, ' ') from oneshot.fences") == "6")
    #expect(try await place.value("select max(fence) from oneshot.job_runs") == "6")
  }

  /// Of a run that shares the work differently; of another database; of one that does not tell which it is.
  @Test(arguments: ["insert into oneshot.fences (job, shard, token) values ('sample', 1, 50)", "", nil])
  func `a fence that Redis has seen is not surpassed where nothing proves that it is lost`(later: String?) async throws
  {
    let place = try await Place()
    let result = try await SampleJob { run in
      try await run.claim(["board"])
      let kept = try await place.redis("GET", Self.fenceKey).text ?? ""
      let origin = later == nil ? "" : later == "" ? " in 7/7" : String(kept.dropFirst())
      try await place.redis("SET", Self.fenceKey, "60\(origin)")
      if let later { try await place.execute(later) }
      try await run.publish([Replacement("board", Self.members(1))])
    }.result(in: place)
    #expect(result.error?.kind == .fenced && result.fence == 1, "\(result)")
    #expect(result.error?.message.contains("Redis has seen 60") == true, "\(result)")
    #expect(result.error?.hint?.contains("failover") == true)
    #expect(try await place.redis("EXISTS", "board").integer == 0)
  }

  @Test func `a run that was overtaken in Postgres publishes nothing, whatever Redis knows`() async throws {
    let place = try await Place()
    let result = try await SampleJob { run in
      try await place.execute("update oneshot.fences set token = token + 1")
      try await run.publish([Replacement("board", Self.members(1))])
    }.result(in: place)
    #expect(result.error?.kind == .fenced)
    #expect(try await Self.keys(of: place) == [])
  }

  @Test func `a dry run publishes and claims nothing`() async throws {
    let place = try await Place()
    let result = try await SampleJob { run in
      try await run.claim(["board"])
      try await run.publish([Replacement("board", Self.members(1))])
    }.result(in: place, ["JOB_DRY_RUN": "true"])
    #expect(result.status == .succeeded)
    #expect(try await Self.keys(of: place) == [])
  }

  @Test func `in a cluster keys of one slot are replaced together, others one after the other`() async throws {
    let (place, cluster) = (try await Place(), try await RedisCluster())
    for tag in ["", "{one}"] {
      let keys = (0..<6).map { "\(tag)board:\($0)" }
      for (count, life) in [(2500, Duration.hours(1)), (1, nil), (0, nil)] as [(Int, Duration?)] {
        let result = try await SampleJob { run in
          try await run.claim(keys)
          try await run.publish(keys.map { Replacement($0, Self.members(count)) }, timeToLive: life)
        }.result(in: place, ["REDIS_URL": cluster.url])
        #expect(result.status == .succeeded, "\(result)")
        for key in keys {
          #expect(try await cluster.cli(cluster.ports[0], "ZCARD", key).output == "\(count)\n")
          let ends = try await cluster.cli(cluster.ports[0], "TTL", key).output
          #expect(ends == "-1\n" ? life == nil : count == 0 || life != nil)
        }
      }
    }
  }
}
