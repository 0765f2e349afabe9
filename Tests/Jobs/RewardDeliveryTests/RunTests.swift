import Glibc
import TestSupport
import Testing

/// Runs that are killed, that meet others, and that share the work.
@Suite(.timeLimit(.minutes(30))) struct RunTests {
  @Test func `killed after any step, a code is given with its message or not at all`() async throws {
    let earned = try await Earned(["REWARD_BATCH": "5"])
    try await earned.load(1...2000)
    var (lines, id) = (0, 0)
    while true {
      try await earned.add((id + 1)...(id + 12))
      id += 12
      // Some were sent, so that each run has both to follow and to decide.
      try await earned.place.execute(
        "update oneshot.deliveries set state = case when random() < 0.8 then 'sent' else 'failed' end where state = 'queued'"
      )
      guard try await earned.kill([:], after: lines) else { break }
      #expect(try await earned.mistakes() == [], "killed after \(lines) lines")
      lines += 1
    }
    #expect(lines > 15)
    #expect([0, 65].contains(try await earned.run().exitCode))
    #expect(try await earned.mistakes() == [])
    #expect(
      try await earned.place.value("select count(*) from oneshot.reward_codes where reward_id is not null") == "\(id)")
  }

  @Test func `twenty starts at once give each reward one code`() async throws {
    let earned = try await Earned(["REWARD_BATCH": "7"])
    try await earned.add(1...200)
    try await earned.load(1...300)
    let runs = try (0..<20).map { _ in try Earned.binary.start([], earned.environment()) }
    var given = 0
    for run in runs {
      let outcome = await run.outcome()
      #expect(outcome.exitCode == 0, "\(outcome.output)")
      given += outcome.count("codes_given") ?? 0
    }
    #expect(given == 200)
    #expect(try await earned.mistakes() == [])
    #expect(
      try await earned.place.value("select count(*) from oneshot.reward_codes where reward_id is not null") == "200")
  }

  @Test func `two installations and two shards at once give no code twice, and each reward one`() async throws {
    let earned = try await Earned(["REWARD_BATCH": "3"])
    try await earned.add(1...600)
    try await earned.load(1...700)
    // Two installations have locks and fences apart: only the rows themselves keep them from each other.
    let runs = try ["a", "b"].flatMap { instance in
      try ["0", "1"].map { shard in
        try Earned.binary.start(
          [],
          earned.environment([
            "JOB_INSTANCE": instance, "JOB_SHARD_COUNT": "2", "JOB_SHARD_INDEX": shard,
          ]))
      }
    }
    var given: [Int] = []
    for run in runs {
      let outcome = await run.outcome()
      #expect(outcome.exitCode == 0, "\(outcome.output)")
      given.append(outcome.count("codes_given") ?? 0)
    }
    #expect(given.reduce(0, +) == 600, "\(given)")
    #expect(try await earned.mistakes() == [])
    #expect(try await earned.letters() == [])
  }

  @Test func `a run that was paused while another did its work gives nothing more`() async throws {
    let earned = try await Earned(["REWARD_BATCH": "5"])
    try await earned.add(1...20)
    try await earned.load(1...20)
    let paused = try await earned.start(past: "wrote outcomes")
    paused.process.send(SIGSTOP)
    // It may stand in a transaction with some of them, which nobody waits for.
    let other = try await earned.run([], ["JOB_INSTANCE": "other"])
    #expect(other.exitCode == 0 && (other.count("codes_given") ?? 0) >= 10, "\(other.output)")
    try await earned.place.redis("DEL", Earned.lockKey)
    paused.process.send(SIGCONT)
    paused.letGo()
    _ = await paused.process.outcome()
    #expect(try await earned.run().exitCode == 0)
    #expect(try await earned.mistakes() == [])
    #expect(
      try await earned.place.value("select count(*) from oneshot.reward_codes where reward_id is not null") == "20")
  }

  @Test func `rewards and codes that others have locked are passed over, and nobody waits`() async throws {
    let earned = try await Earned()
    try await earned.add(1...4)
    try await earned.load(1...10)
    let editor = try await OpenTransaction(
      in: earned.place, "update rewards set status = 'revoked' where id = 2",
      "update oneshot.reward_codes set void_at = now() where code = 'SECRET-00001'")
    let run = try await earned.run()
    #expect(run.exitCode == 0 && run.count("codes_given") == 3 && run.count("behind") == 1, "\(run.output)")
    try await editor.commit()
    #expect(try await earned.run().count("due") == 0)
    #expect(
      try await earned.outcomes() == ["1 queued SECRET-00002", "2", "3 queued SECRET-00003", "4 queued SECRET-00004"])
  }

  @Test func `a reward that is taken back at any step of a run has its code by then, or never gets one`() async throws {
    let earned = try await Earned()
    try await earned.load(1...500)
    var (lines, found) = (0, Set<Bool>())
    while true {
      let id = lines * 2 + 1
      try await earned.add(id...(id + 1))
      let run = try await earned.start(after: lines)
      let hasEnded = run.hasEnded
      try await earned.place.execute(
        "update rewards set status = 'revoked' where id = (select id from rewards where id = \(id) and status = 'due' for update skip locked)"
      )
      run.letGo()
      #expect(await run.process.outcome().exitCode == 0)
      let isTakenBack = try await earned.place.value("select status from rewards where id = \(id)") == "revoked"
      #expect(
        try await earned.place.value(
          "select count(*) from oneshot.reward_codes where reward_id in ('\(id)', '\(id + 1)')")
          == (isTakenBack ? "1" : "2"), "after \(lines) lines")
      #expect(try await earned.mistakes() == [], "after \(lines) lines")
      found.insert(isTakenBack)
      guard !hasEnded else { break }
      lines += 1
    }
    #expect(lines > 12 && found == [true, false], "it was taken back before and after")
  }
}
