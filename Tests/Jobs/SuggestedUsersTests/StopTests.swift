import JobRuntime
import Redis
import TestSupport
import Testing

/// Runs that are stopped, paused, overtaken and started at once.
@Suite(.timeLimit(.minutes(10))) struct StopTests {
  @Test func `a run that is killed once its lists are published, and before it has recorded them, is repeated`()
    async throws
  {
    let people = try await People()
    try await people.fill()
    let queued = try await people.place.value("select count(*) from oneshot.suggestion_pending")
    try await people.kill(["SUGGEST_BATCH": "1000"], past: "\"published\"")
    let published = try await people.lists()
    #expect(published.count > 50)
    #expect(try await people.place.value("select count(*) from oneshot.suggestion_pending") == queued)
    #expect(try await people.place.value("select count(*) from oneshot.suggestion_lists") == "0")
    let next = try await people.run([], ["SUGGEST_BATCH": "1000"])
    #expect(next.exitCode == 0 && next.count("behind") == 0, "\(next.output)")
    #expect(try await people.lists() == published)
    #expect(try await people.place.value("select count(*) from oneshot.suggestion_pending") == "0")
  }

  @Test func `wherever a run is killed, each list is whole, and the next run makes what is left`() async throws {
    let people = try await People(["SUGGEST_BATCH": "40", "SUGGEST_MODE": "rebuild"])
    try await people.fill()
    let wanted = try await people.model()
    var lines = 4
    while try await people.kill([:], after: lines) {
      for (user, list) in try await people.lists() { #expect(list == wanted[user], "user \(user), line \(lines)") }
      lines += 3
    }
    #expect(lines > 12)
    _ = try await people.run()
    #expect(try await people.lists() == wanted)
  }

  /// Between two statements, and between a statement and its answer.
  @Test(arguments: [false, true])
  func `killed between any two pieces of its conversation, each list is whole, and the next run makes the rest`(
    arrives: Bool
  ) async throws {
    let people = try await People(["SUGGEST_BATCH": "40"])
    try await people.fill()
    let wanted = try await people.model()
    var piece = Int.random(in: 1...9)
    while try await people.kill([:], atPiece: piece, arrives: arrives) {
      for (user, list) in try await people.lists() { #expect(list == wanted[user], "user \(user), piece \(piece)") }
      let next = try await people.run()
      #expect(next.exitCode == 0 && next.count("behind") == 0, "killed at piece \(piece): \(next.output)")
      #expect(try await people.lists() == wanted, "killed at piece \(piece)")
      try await people.place.execute(
        "insert into oneshot.suggestion_pending (user_id, urgency) select id::text, 0 from users")
      try await people.place.redis("FLUSHDB")
      piece += 9
    }
    #expect(piece > 30)
  }

  @Test func `a rebuild that was killed is gone on with`() async throws {
    let people = try await People(["SUGGEST_BATCH": "10", "SUGGEST_MODE": "rebuild"])
    try await people.fill()
    let isHalfway = "select count(*) > 0 from oneshot.suggestion_cursors"
    try await people.kill(people.start(until: isHalfway))
    let next = try await people.run()
    let users = try #require(next.count("users"))
    #expect(next.exitCode == 0 && users > 0 && users < 70, "\(next.output)")
    #expect(try await people.lists() == people.model())
    #expect(try await people.place.value("select count(*) from oneshot.suggestion_cursors") == "0")
  }

  @Test func `an older run that was paused publishes nothing over a newer one that knows of a block`() async throws {
    let people = try await People(["SUGGEST_BATCH": "1000", "SUGGEST_MODE": "rebuild"])
    try await people.fill()
    let paused = try await people.start(past: "calculated the lists")
    try await people.place.redis("DEL", People.lockKey)
    let model = try await people.model()
    let (user, list) = try #require(model.sorted { $0.key < $1.key }.first { $0.value.contains("friends") })
    let person = try #require(try People.entries(list).first).id
    try await people.place.execute("insert into blocks values (\(person), \(user)) on conflict do nothing")
    let newer = try await people.run()
    #expect(newer.exitCode == 0, "\(newer.output)")
    paused.letGo()
    let older = await paused.process.outcome()
    #expect(older.exitCode == 75, "\(older.output)")
    #expect(try await !people.suggested(to: user).contains(person))
    #expect(try await people.lists() == people.model())
  }

  @Test(arguments: [0.2, 0.6])
  func `whatever is blocked while a run stands still, no list names it after the next one`(seed: Double) async throws {
    let people = try await People(["SUGGEST_BATCH": "20"])
    try await people.fill(seed: seed)
    for round in 1...6 {
      let run = try await people.start(after: 4 + 4 * round)
      try await people.place.execute(
        """
        insert into blocks select id, 1 + (id * \(round) * 7) % 80 from users where id % 6 = \(round % 6)
        on conflict do nothing;
        insert into mutes select id, 1 + (id * \(round) * 11) % 80 from users where id % 7 = \(round) on conflict do nothing;
        delete from blocks where user_id % 9 = \(round);
        insert into follows select id, 1 + (id * \(round) * 13) % 80, timestamptz '\(People.now)' from users
        where id % 10 = \(round) and id <> 1 + (id * \(round) * 13) % 80 on conflict do nothing
        """)
      run.letGo()
      let outcome = await run.process.outcome()
      #expect(outcome.exitCode == 0, "\(outcome.output)")
      let next = try await people.run()
      #expect(next.exitCode == 0 && next.count("behind") == 0, "\(next.output)")
      #expect(try await people.forbidden() == [], "round \(round)")
    }
  }

  @Test func `twenty runs that start at once make each list once`() async throws {
    let people = try await People(["JOB_LOCK_WAIT": "0s"])
    try await people.fill()
    let codes = try await withThrowingTaskGroup(of: Int32.self) { group in
      for _ in 1...20 { group.addTask { try await people.run().exitCode } }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(codes.contains(0) && codes.allSatisfy { $0 == 0 || $0 == 75 }, "\(codes)")
    #expect(try await people.lists() == people.model())
    #expect(try await people.place.value("select count(*) from oneshot.suggestion_pending") == "0")
  }

  @Test func `lists that Redis has lost are made again, and only once`() async throws {
    let people = try await People()
    try await people.fill()
    _ = try await people.run()
    let before = try await people.lists()
    #expect(try await people.run().count("users") == 0)
    try await people.place.redis("FLUSHDB")
    let later = ["JOB_SCHEDULED_AT": "2025-11-08T02:10:00Z"]
    let run = try await people.run([], later)
    #expect(run.exitCode == 0 && run.count("lost") == 20, "\(run.output)")
    #expect(try await people.lists() == before)
    let next = try await people.run([], later)
    #expect(next.count("lost") == 0 && next.count("users") == 0, "\(next.output)")
  }

  @Test func `shards make everybody's list, and runs of another number of shards keep each other out`() async throws {
    let people = try await People(["SUGGEST_BATCH": "10"])
    try await people.fill()
    let paused = try await people.start(past: "calculated the lists")
    var users = 0
    for index in 0..<3 {
      let run = try await people.run([], ["JOB_SHARD_COUNT": "3", "JOB_SHARD_INDEX": "\(index)"])
      #expect(run.exitCode == 0, "\(run.output)")
      users += run.count("users") ?? 0
    }
    #expect(try await people.lists() == people.model())
    #expect(users >= 80)
    paused.letGo()
    #expect(await paused.process.outcome().exitCode == 75)
  }
}
