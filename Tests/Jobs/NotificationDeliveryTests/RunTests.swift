import TestSupport
import Testing

/// Runs that are killed, that are late, and that share the work.
@Suite(.timeLimit(.minutes(30))) struct RunTests {
  @Test func `killed after any step, each notification is shown once and decided once`() async throws {
    let notices = try await Notices(["NOTIFY_BATCH": "5"])
    try await notices.addUsers(1...3)
    try await notices.place.execute("insert into notification_preferences values (2, 'social', 'email', 'daily')")
    var (lines, id) = (0, 0)
    while true {
      try await notices.add((id + 1)...(id + 12), users: 3)
      id += 12
      guard try await notices.kill([:], after: lines) else { break }
      #expect(try await notices.mistakes() == [], "killed after \(lines) lines")
      lines += 1
    }
    #expect(lines > 12)
    let last = try await notices.run()
    #expect(last.exitCode == 0, "\(last.output)")
    #expect(try await notices.mistakes() == [])
    #expect(try await notices.place.value("select count(*) from oneshot.notification_inbox") == "\(id)")
  }

  @Test func `rows that are committed minutes after they were made are decided by the next run`() async throws {
    let notices = try await Notices()
    try await notices.addUsers(1...1)
    let slow = try await OpenTransaction(
      in: notices.place, "insert into notifications (id, user_id, created_at) values (1, 1, '2025-11-08T01:50:00Z')")
    try await notices.add(2...2)
    #expect(try await notices.run().count("taken") == 1)
    try await slow.commit()
    #expect(try await notices.run([], ["JOB_SCHEDULED_AT": "2025-11-08T02:10:00Z"]).count("taken") == 1)
    #expect(try await notices.mails() == ["1 immediate", "2 immediate"])
  }

  @Test func `an application that queues does not wait for a run that stands still, nor does the run for it`()
    async throws
  {
    let notices = try await Notices()
    try await notices.addUsers(1...1)
    try await notices.add(1...3)
    let locked = try await OpenTransaction(
      in: notices.place, "select from oneshot.notification_pending where notification_id = '2' for update")
    let run = try await notices.run()
    #expect(run.exitCode == 0 && run.count("taken") == 2 && run.count("behind") == 1, "\(run.output)")
    try await locked.rollBack()
    let stopped = try await notices.start(past: "decided")
    try await notices.add(4...4)
    stopped.letGo()
    #expect(await stopped.process.outcome().exitCode == 0)
    #expect(try await notices.run().count("taken") == 1)
    #expect(try await notices.mistakes() == [])
  }

  @Test func `two shards at once do ten thousand, nothing twice, and each user is one shard's`() async throws {
    let notices = try await Notices(["JOB_SHARD_COUNT": "2", "NOTIFY_MAX_EMAILS": "2/1h"])
    try await notices.addUsers(1...500)
    try await notices.add(1...10_000, users: 500)
    let binaries = try [("0", "2025-11-08T02:00:00Z"), ("1", "2025-11-08T02:30:00Z")].map { index, moment in
      try Notices.binary.start([], notices.environment(["JOB_SHARD_INDEX": index, "JOB_SCHEDULED_AT": moment]))
    }
    var taken: [Int] = []
    for binary in binaries {
      let outcome = await binary.outcome()
      #expect(outcome.exitCode == 0, "\(outcome.output)")
      taken.append(outcome.count("taken") ?? 0)
    }
    #expect(taken.reduce(0, +) == 10_000 && taken.allSatisfy { $0 > 3000 }, "\(taken)")
    #expect(try await notices.mistakes() == [])
    #expect(try await notices.place.value("select count(*) from oneshot.deliveries") == "1000")
    #expect(
      try await notices.place.value(
        """
        select count(*) from (
          select user_id from oneshot.notification_outcomes
          group by user_id having count(distinct decided_at < '2025-11-08T02:15Z') > 1) as torn
        """) == "0")
  }

  @Test func `a run ends with its time, and says what is left`() async throws {
    let notices = try await Notices(["NOTIFY_TIME": "0s"])
    try await notices.addUsers(1...1)
    try await notices.add(1...30)
    let run = try await notices.run()
    #expect(run.exitCode == 0 && run.count("taken") == 0 && run.count("behind") == 30, "\(run.output)")
    #expect(
      try await notices.place.value("select behind from oneshot.job_runs order by started_at desc limit 1") == "30")
  }

  @Test func `a run that lingers decides what comes while it waits`() async throws {
    let notices = try await Notices(["NOTIFY_LINGER": "1h", "NOTIFY_TIME": "1h"])
    try await notices.addUsers(1...1)
    let run = try Notices.binary.start([], notices.environment())
    try await notices.place.until(orEndOf: run, "select exists (select from oneshot.job_runs where status = 'running')")
    try await notices.add(1...1)
    try await notices.place.until(orEndOf: run, "select exists (select from oneshot.notification_outcomes)")
    run.send(15)
    #expect(await run.outcome().exitCode == 143)
    #expect(try await notices.mistakes() == [])
  }

  @Test func `a plan counts what a run then does, and writes nothing`() async throws {
    let notices = try await Notices(["NOTIFY_QUIET": "22:00-07:00"])
    try await notices.addUsers(1...4)
    try await notices.place.execute(
      "update users set timezone = 'Mars/Olympus' where id = 3; insert into notification_preferences values (2, 'social', 'email', 'daily')"
    )
    try await notices.add(1...80, users: 4)
    let plan = try await notices.run(["--plan"])
    #expect(plan.count("taken") == 80 && plan.count("failed") == 20, "\(plan.output)")
    #expect(try await notices.place.value("select count(*) from oneshot.notification_outcomes") == "0")
    #expect(try await notices.letters() == [])
    let run = try await notices.run()
    for name in ["taken", "in_app", "emails", "digested", "overflow", "failed"] {
      #expect(plan.count(name) == run.count(name), "\(name): \(plan.output) \(run.output)")
    }
  }
}
