import Foundation
import JobRuntime
import Redis
import Synchronization
import TestSupport
import Testing

/// What readers of published boards see while runs publish, are frozen, and are killed.
@Suite(.timeLimit(.minutes(15))) struct PublishingTests {
  /// A custom board of so many members, all with the same score.
  private static func board(_ members: Int, score: Int) -> String {
    "select g as member, \(score) as score from generate_series(1, \(members)) g"
  }

  /// How often the board is published under the reader's eyes; the whole thousand in `make soak`.
  private static let publications = ProcessInfo.processInfo.environment["ONESHOT_SOAK_RUNS"].flatMap(Int.init) ?? 60

  @Test func `a reader that polls without pause never sees a board empty, half or mixed`() async throws {
    let boards = try await Leaderboards()
    let folder = try TemporaryFolder()
    // The first publication has score 1 and 300 members, the next score 2 and 2000, and so on.
    func write(_ number: Int) throws {
      try Self.board(number % 2 == 0 ? 2000 : 300, score: number)
        .write(toFile: "\(folder.path)/tags.sql", atomically: true, encoding: .utf8)
    }
    let settings = [
      "TOP_STATS_BOARDS_DIR": folder.path, "TOP_STATS_BOARDS": "tags", "TOP_STATS_WINDOWS": "7d",
      "TOP_STATS_LIMIT": "5000",
    ]
    try write(1)
    #expect(try await boards.run([], settings).exitCode == 0)
    let isOver = Atomic<Bool>(false)
    let reader = Task { () async throws -> Set<String> in
      let connection = try boards.place.newRedisConnection()
      var seen: Set<String> = []
      while !isOver.load(ordering: .relaxed) {
        let answers = try await connection.withSession { session in
          // One moment of both keys.
          try session.pipeline([
            RedisCommand("MULTI"), RedisCommand("ZREVRANGE", "top:tags", "0", "-1", "WITHSCORES"),
            RedisCommand("HGET", "top:meta:tags", "members"), RedisCommand("EXEC"),
          ])
        }
        let words = answers[3].elements[0].elements.compactMap(\.text)
        let scores = Set(stride(from: 1, to: words.count, by: 2).map { words[$0] })
        let score = try #require(scores.first, "the board was empty")
        #expect(scores.count == 1, "mixed: \(scores)")
        let wanted = (Int(score) ?? 0).isMultiple(of: 2) ? 2000 : 300
        #expect(words.count / 2 == wanted, "half: \(words.count / 2)")
        #expect(answers[3].elements[1].text == "\(words.count / 2)", "what is told of it is another's")
        seen.insert(score)
      }
      return seen
    }
    defer { isOver.store(true, ordering: .relaxed) }
    for number in 2...Self.publications {
      try write(number)
      let run = try await boards.run([], settings)
      #expect(run.exitCode == 0, "\(run.output)")
    }
    isOver.store(true, ordering: .relaxed)
    let seen = try await reader.value
    #expect(seen.count > Self.publications / 2, "it read \(seen.count) of \(Self.publications) publications")
  }

  @Test(arguments: ["claimed the keys", "calculated the boards", "publishing"])
  func `a paused old run publishes nothing over a newer one`(step: String) async throws {
    let boards = try await Leaderboards()
    try await boards.fill()
    // A run's server does not wait for a frozen client for longer than this.
    let impatient = boards.place.databaseURL + "&options=-c%20idle_in_transaction_session_timeout%3D3s"
    let settings = boards.environment(["JOB_LOCK_TTL": "5s", "DATABASE_URL": impatient])
    let old = try await SteppedRun(Leaderboards.binary, settings, past: step)
    old.process.send(SIGSTOP)
    try await boards.place.until(key: "oneshot:lock:top-stats", exists: false)
    try await boards.place.execute("delete from feed_likes where id % 2 = 0")
    #expect(try await boards.run().exitCode == 0)
    var published: [String: [String]] = [:]
    for name in Leaderboards.names { published[name] = try await boards.board(name) }
    old.process.send(SIGCONT)
    old.letGo()
    let outcome = await old.process.outcome()
    #expect(outcome.exitCode == 75)
    #expect(["fenced", "lock_lost"].contains(outcome.result["error", "kind"].string), "\(outcome.output)")
    for name in Leaderboards.names { #expect(try await boards.board(name) == published[name], "\(name)") }
    #expect(try await boards.about("comments")["run_id"] != outcome.result["run_id"].string)
  }

  @Test(arguments: ["took the lock", "calculated the boards"])
  func `Redis itself refuses an older token`(step: String) async throws {
    let boards = try await Leaderboards()
    try await boards.fill()
    let run = try await SteppedRun(Leaderboards.binary, boards.environment(), past: step)
    // All that Postgres and the lock can say is right, and Redis has seen a newer one all the same.
    let key = "oneshot:fence:{top:comments}/top-stats"
    try await boards.place.redis("SET", key, "7")
    try await boards.place.redis("ZADD", "top:comments", "1", "newer")
    run.letGo()
    let outcome = await run.process.outcome()
    #expect(outcome.exitCode == 75 && outcome.result["error", "kind"].string == "fenced", "\(outcome.output)")
    #expect(outcome.result["error", "message"].string?.contains("Redis has seen 7 (\(key))") == true)
    #expect(try await boards.board("comments") == ["newer 1"])
    #expect(try await boards.place.redis("GET", key).text == "7")
  }

  @Test func `after a failover to a replica that lagged, boards are published by the next run`() async throws {
    let boards = try await Leaderboards(on: PrivateServers.start())
    try await boards.fill()
    #expect(try await boards.run().exitCode == 0)
    let replica = try await Replica(of: boards.place.servers)
    try await replica.holdBack(after: boards.place)
    for _ in 1...3 { #expect(try await boards.run().exitCode == 0) }
    try await replica.takeOver(boards.place)
    try await boards.place.execute("delete from feed_comments where id % 2 = 0")
    let published = try await boards.board("comments")
    let run = try await boards.run([], ["JOB_LOG_LEVEL": "warning"])
    #expect(run.exitCode == 0 && run.result["fence"].int == 5, "\(run.output)")
    #expect(run.errors.contains("Redis has seen a fence that Postgres has lost"), "\(run.errors)")
    #expect(try await boards.board("comments") != published)
  }

  @Test func `after a restore into another cluster, the hint says what to do, and that does it`() async throws {
    let boards = try await Leaderboards()
    try await boards.fill()
    #expect(try await boards.run().exitCode == 0)
    // As a run on the cluster of before has left it.
    try await boards.place.redis("SET", "oneshot:fence:{top:comments}/top-stats", "900 in 7/7")
    let published = try await boards.board("comments")
    try await boards.place.execute("delete from feed_comments where id % 2 = 0")
    let refused = try await boards.run()
    #expect(refused.exitCode == 75 && refused.result["error", "kind"].string == "fenced", "\(refused.output)")
    #expect(try await boards.board("comments") == published)

    let hint = try #require(refused.result["error", "hint"].string)
    let remedy = "oneshot after-restore"
    #expect(hint.contains("`\(remedy)`"), "\(hint)")
    let page = try String(
      contentsOf: URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../docs/when-things-go-wrong.md"), encoding: .utf8)
    #expect(page.contains("`\(remedy)`, once"), "the page says the same")
    #expect(try await Binary("oneshot").run(["after-restore", "--yes"], boards.place.environment).exitCode == 0)
    let run = try await boards.run()
    #expect(run.exitCode == 0, "\(run.output)")
    #expect(try await boards.board("comments") != published)
  }

  /// None of these pairs shares a lock or a fence in Postgres.
  @Test(arguments: [("0/1", "1/2"), ("1/2", "0/1"), ("2/3", "1/2")])
  func `a paused old run publishes nothing over a newer one that shares the work differently`(
    older: String, newer: String
  ) async throws {
    let boards = try await Leaderboards()
    try await boards.fill()
    func settings(_ share: String) -> [String: String] {
      ["JOB_SHARD_INDEX": "\(share.prefix(1))", "JOB_SHARD_COUNT": "\(share.suffix(1))", "TOP_STATS_WINDOWS": "7d"]
    }
    let old = try await SteppedRun(
      Leaderboards.binary, boards.environment(settings(older)), past: "calculated the boards")
    try await boards.place.execute("delete from feed_likes where id % 2 = 0")
    #expect(try await boards.run([], settings(newer)).exitCode == 0)
    // The last of all boards is in each of these shares.
    let published = try await boards.board("users_active")
    old.letGo()
    let outcome = await old.process.outcome()
    #expect(outcome.exitCode == 75 && outcome.result["error", "kind"].string == "fenced", "\(outcome.output)")
    #expect(try await boards.board("users_active") == published && !published.isEmpty)
  }

  @Test func `a run that is killed after any line of its log is put right by the next one`() async throws {
    let boards = try await Leaderboards()
    try await boards.fill()
    let settings = ["TOP_STATS_BOARDS": "comments,feeds_liked", "TOP_STATS_WINDOWS": "7d", "TOP_STATS_HISTORY": "true"]
    let whole = try await boards.run([], settings.merging(["JOB_LOG_LEVEL": "debug"]) { $1 })
    let wanted = [try await boards.board("comments"), try await boards.board("feeds_liked")]
    let history = "select count(*) || md5(string_agg(h::text, ',' order by board, rank)) from top_stats_history h"
    let kept = try await boards.place.value(history)
    let lines = whole.errors.split(separator: "\n").count
    #expect(lines > 10, "the steps are logged")
    for step in 0..<lines {
      try await boards.place.redis("DEL", "top:comments", "top:feeds_liked")
      try await boards.place.execute("truncate top_stats_history")
      let run = try await SteppedRun(Leaderboards.binary, boards.environment(settings), after: step)
      run.process.send(SIGKILL)
      _ = await run.process.outcome()
      // Whole or not there at all.
      for (index, name) in ["comments", "feeds_liked"].enumerated() {
        let found = try await boards.board(name)
        #expect(found.isEmpty || found == wanted[index], "after line \(step)")
      }
      try await boards.place.redis("DEL", "oneshot:lock:top-stats")  // What the end of the lease does.
      #expect(try await boards.run([], settings).exitCode == 0)
      #expect(try await [boards.board("comments"), boards.board("feeds_liked")] == wanted, "after line \(step)")
      #expect(try await boards.place.value(history) == kept, "after line \(step)")
    }
    for key in try await boards.place.redis("KEYS", "oneshot:new:*").elements {
      #expect(try await boards.place.redis("PTTL", key.text ?? "").integer ?? 0 > 0, "what was left ends by itself")
    }
  }

  @Test func `the connection to Redis ends while a board is published, and the run goes on`() async throws {
    let boards = try await Leaderboards()
    try await boards.fill()
    let isCut = Atomic<Bool>(false)
    let proxy = try Proxy(to: boards.place.servers.redisSocket) { piece in
      guard piece.contains("ZADD"), !isCut.exchange(true, ordering: .relaxed) else { return .pass }
      return .cut(after: 20)
    }
    defer { proxy.close() }
    let environment = boards.environment(boards.place.environment(redis: proxy))
    let run = try await Leaderboards.binary.run([], environment)
    #expect(run.exitCode == 0, "\(run.output)")
    #expect(run.errors.contains("trying again"))
    #expect(run.count("published") == 18)
  }
}
