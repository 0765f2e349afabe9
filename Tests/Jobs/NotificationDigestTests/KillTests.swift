import TestSupport
import Testing

/// Runs that are killed, and that share the work.
@Suite(.timeLimit(.minutes(30))) struct KillTests {
  @Test func `killed after any step, each item is in one digest, and each digest in one mail`() async throws {
    let digests = try await Digests(["DIGEST_BATCH": "3"])
    try await digests.addUsers(1...8)
    var (lines, id) = (0, 0)
    while true {
      try await digests.add((id + 1)...(id + 16), users: 8)
      id += 16
      let day = [
        "JOB_SCHEDULED_AT":
          "2025-\(lines < 30 ? "11" : "12")-\(lines % 30 + 1 < 10 ? "0" : "")\(lines % 30 + 1)T09:00:00Z"
      ]
      try await digests.place.execute(
        "update oneshot.digest_items set queued_at = '2025-10-31' where digest_id is null")
      guard try await digests.kill(day, after: lines) else { break }
      #expect(try await digests.mistakes() == [], "killed after \(lines) lines")
      let rest = try await digests.run([], day)
      #expect(rest.exitCode == 0, "\(rest.output)")
      #expect(try await digests.place.value("select count(*) from oneshot.digest_items where digest_id is null") == "0")
      lines += 1
    }
    #expect(lines > 12)
    #expect(try await digests.mistakes() == [])
    #expect(try await digests.place.value("select sum(items) from oneshot.digests") == "\(id)")
  }

  @Test func `items that are committed while a run goes on are in the next digest`() async throws {
    let digests = try await Digests()
    try await digests.addUsers(1...1)
    try await digests.add(1...2)
    let slow = try await OpenTransaction(
      in: digests.place,
      "insert into notifications (id, user_id, title, created_at) values (3, 1, 't', '2025-11-08T01:00Z')",
      "insert into oneshot.digest_items values ('1', 'daily', '3', '2025-11-08T01:00Z')")
    #expect(try await digests.run().count("items") == 2)
    try await slow.commit()
    #expect(try await digests.run(at: "2025-11-08T09:15:00Z").count("due") == 0)
    #expect(try await digests.run(at: "2025-11-09T09:00:00Z").count("items") == 1)
    #expect(try await digests.mistakes() == [])
  }

  @Test func `two shards at once make each digest once`() async throws {
    let digests = try await Digests(["JOB_SHARD_COUNT": "2"])
    try await digests.addUsers(1...400)
    try await digests.add(1...1200, users: 400)
    let running = try ["0", "1"].map { try Digests.binary.start([], digests.environment(["JOB_SHARD_INDEX": $0])) }
    var made: [Int] = []
    for run in running { made.append(await run.outcome().count("made") ?? 0) }
    #expect(made.reduce(0, +) == 400 && made.allSatisfy { $0 > 100 }, "\(made)")
    #expect(try await digests.mistakes() == [])
  }

  @Test func `a role and a user with its page's privileges can do all`() async throws {
    let digests = try await Digests()
    try await digests.addUsers(1...3)
    try await digests.add(1...6, users: 3)
    try await digests.place.execute(
      "update users set email = 'none' where id = 2; delete from notifications where id = 3")
    let restricted = try await digests.place.restricted("notification-digest")
    let check = try await digests.run(["--check"], restricted)
    #expect(check.exitCode == 0, "\(check.output)")
    let run = try await digests.run([], restricted)
    #expect(run.exitCode == 65 && run.count("made") == 2 && run.count("failed") == 1, "\(run.output)\(run.errors)")
    try await digests.place.execute("update users set email = 'u2@example.org' where id = 2")
    try await digests.place.askForReplay("notification-digest", "daily/2")
    let replay = try await digests.run([], restricted)
    #expect(replay.exitCode == 0 && replay.count("made") == 1, "\(replay.output)\(replay.errors)")
    try await digests.place.execute("drop table digest_preferences")
    #expect(try await digests.run(["--check"], restricted).exitCode == 0)
  }

  @Test func `settings that say nothing are refused`() async throws {
    for (name, text) in [
      ("DIGEST_FREQUENCIES", "hourly"), ("DIGEST_FREQUENCIES", "daily,daily"), ("DIGEST_HOUR", "24"),
      ("DIGEST_WEEKDAY", "someday"),
      ("DIGEST_GRACE", "0s"), ("DIGEST_MAX_ITEMS", "0"), ("DIGEST_MIN_ITEMS", "0"), ("DIGEST_BATCH", "0"),
      ("DIGEST_SKIP_READ", "maybe"), ("DIGEST_ITEM_KEEP", "1h"),
    ] {
      let run = try await Digests.binary.run(
        [], ["DATABASE_URL": "postgresql://localhost", "REDIS_URL": "redis://localhost", name: text])
      #expect(run.exitCode == 78 && run.output.contains(name), "\(name)=\(text): \(run.output)")
    }
    let digests = try await Digests(["DIGEST_TIMEZONE": "CET"])
    #expect(try await digests.run().exitCode == 78)
  }
}
