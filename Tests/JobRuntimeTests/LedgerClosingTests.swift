import Postgres
import TestSupport
import Testing

@testable import JobRuntime

@Suite struct LedgerClosingTests {
  @Test func `closing writes all that is known of the run`() async throws {
    let here = try await LedgerPlace()
    let ledger = here.ledger(1)
    let (fence, _) = try await here.opened(ledger)
    let isOurs = try await here.close(ledger, .failed, fence: fence) { result in
      result.window = Window(start: LedgerPlace.slot - .hours(1), end: LedgerPlace.slot)
      result.counts = ["inserted": 5]
      result.details = ["a": ["b"]]
      result.errorsTotal = 7
      result.duration = .milliseconds(1234)
      result.error = JobFailure(.deadline, "it's \"late\"")
    }
    #expect(isOurs)
    let row = try await here.place.database.withSession { session in
      try session.query("select *, counts ->> 'inserted' as inserted, details #>> '{a,0}' as b from oneshot.job_runs")
        .only()
    }
    #expect(try row.value("status", as: String.self) == "failed")
    #expect(try row.value("window_start", as: Timestamp.self) == LedgerPlace.slot - .hours(1))
    #expect(try row.value("window_end", as: Timestamp.self) == LedgerPlace.slot)
    #expect(try row.value("inserted", as: Int.self) == 5)
    #expect(try row.value("b", as: String.self) == "b")
    #expect(try row.value("errors_total", as: Int.self) == 7)
    #expect(try row.value("duration_ms", as: Int.self) == 1234)
    #expect(try row.value("error_kind", as: String.self) == "deadline")
    #expect(try row.value("error_message", as: String.self) == "it's \"late\"")
    #expect(try row.value("finished_at", as: Timestamp.self) == LedgerPlace.start + .seconds(5))
  }

  @Test(arguments: [RunStatus.succeeded, .partial])
  func `a run with an old fence writes no success`(status: RunStatus) async throws {
    let here = try await LedgerPlace()
    let old = here.ledger(1)
    let (fence, _) = try await here.opened(old)
    _ = try await here.opened(here.ledger(2))
    // Even a row that is still open (the newer run has not seen it) stays no success.
    try await here.place.execute("update oneshot.job_runs set status = 'running' where fence = \(fence)")
    #expect(try await !here.close(old, status, fence: fence))
    #expect(try await here.runs().first?.hasPrefix("running") == true)
  }

  @Test(arguments: [RunStatus.failed, .interrupted])
  func `a run with an old fence may still say how it failed`(status: RunStatus) async throws {
    let here = try await LedgerPlace()
    let old = here.ledger(1)
    let (fence, _) = try await here.opened(old, at: LedgerPlace.slot)
    try await here.place.execute("update oneshot.fences set token = token + 1")
    #expect(try await !here.close(old, status, fence: fence))
    #expect(try await here.runs() == [status.rawValue])
  }

  @Test func `a row that is closed already is left alone`() async throws {
    let here = try await LedgerPlace()
    let ledger = here.ledger(1)
    let (fence, _) = try await here.opened(ledger)
    #expect(try await here.close(ledger, .succeeded, fence: fence))
    #expect(try await here.close(ledger, .failed, fence: fence))
    #expect(try await here.runs() == ["succeeded"])
  }

  @Test func `two successes of one slot are impossible`() async throws {
    let here = try await LedgerPlace()
    let first = here.ledger(1)
    let (old, _) = try await here.opened(first)
    let second = here.ledger(2)
    let (new, _) = try await here.opened(second)
    #expect(try await here.close(second, .succeeded, fence: new))
    // Whatever the program thinks of the fence, the index holds.
    try await here.place.execute("update oneshot.job_runs set status = 'running' where fence = \(old)")
    let error = try await #require(throws: PostgresError.self) {
      try await here.close(first, .succeeded, fence: new)
    }
    #expect(error.state == .uniqueViolation)
  }

  @Test func `old rows are removed and running ones and those of other jobs and variants stay`() async throws {
    let here = try await LedgerPlace()
    _ = try await here.opened(here.ledger(1, job: "other"))
    try await here.close(here.ledger(1, job: "other"), .succeeded, fence: 1)
    let weekly = here.ledger(6, variant: "weekly")
    let (token, _) = try await here.opened(weekly, by: .clock)
    try await here.close(weekly, .succeeded, fence: token)
    let ledgers = (2...4).map { here.ledger($0) }
    for ledger in ledgers {
      let (fence, _) = try await here.opened(ledger, by: .clock)
      try await here.close(ledger, .succeeded, fence: fence)
    }
    let last = here.ledger(5)
    let (fence, _) = try await here.opened(last, by: .clock)
    try await here.close(last, .succeeded, fence: fence, keepingSince: LedgerPlace.start + .seconds(1))
    #expect(
      try await here.place.rows("select job || variant as job from oneshot.job_runs order by job") == [
        ["job"], ["jobweekly"], ["other"],
      ])
  }

  @Test func `texts of any content can be closed with`() async throws {
    for text in hostileTexts {
      let here = try await LedgerPlace()
      let ledger = here.ledger(1)
      let (fence, _) = try await here.opened(ledger)
      try await here.close(ledger, .failed, fence: fence) { result in
        result.details = ["text": .string(text)]
        result.error = JobFailure(.internal, text)
      }
      #expect(try await here.runs() == ["failed internal"])
    }
  }

  @Test func `the fence of a run is checked against the newest`() async throws {
    let here = try await LedgerPlace()
    let ledger = here.ledger(1)
    let (fence, _) = try await here.opened(ledger)
    let database = here.place.database
    func write(_ fence: Int64) async throws {
      try await database.transaction(
        guardedBy: ledger.fenceCheck(), check: { rows in try ledger.check(rows, against: fence) },
        { session in
          try session.execute(
            "insert into oneshot.fences (job, shard, token) values ('x', 0, 1) on conflict do nothing")
        })
    }
    try await write(fence)
    _ = try await here.opened(here.ledger(2))
    let failure = try await #require(throws: JobFailure.self) { try await write(fence) }
    #expect(failure.kind == .fenced)
    #expect(failure.message.contains("1") && failure.message.contains("2"))
    // Tokens only rise: one that has gone back, or is not there, was lost with a server.
    for loss in [
      "update oneshot.fences set token = 0 where job = 'job'", "delete from oneshot.fences where job = 'job'",
    ] {
      try await here.place.execute(loss)
      let lost = try await #require(throws: JobFailure.self) { try await write(fence) }
      #expect(lost.kind == .failover)
    }
  }

  @Test(.timeLimit(.minutes(10)))
  func `no newer run can start while a writing transaction is open`() async throws {
    let here = try await LedgerPlace()
    let ledger = here.ledger(1)
    let (fence, _) = try await here.opened(ledger)
    let url = here.place.databaseURL
    var options = try ConnectionOptions(url: url + "&options=-c%20lock_timeout%3D200ms", applicationName: "newer")
    options.commandTimeout = .seconds(20)
    let newer = Database(options)
    let opening = here.ledger(2).open(LedgerPlace.facts(), LedgerPlace.clock)
    let holder = try Database(ConnectionOptions(url: url, applicationName: "holder"))
    let (started, start) = AsyncStream.makeStream(of: Void.self)
    let task = Task {
      try await holder.transaction(
        guardedBy: ledger.fenceCheck(), check: { try ledger.check($0, against: fence) },
        { session in
          start.yield()
          try session.query("select pg_sleep(600)")
        })
    }
    for await _ in started { break }
    let error = try await #require(throws: PostgresError.self) {
      try await newer.withSession { session in try session.query(opening) }
    }
    #expect(error.state?.rawValue == "55P03")
    task.cancel()
    _ = try? await task.value
    try await eventually { (try? await newer.withSession { session in try session.query(opening) }) != nil }
  }
}
