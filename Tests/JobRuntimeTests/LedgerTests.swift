import Postgres
import TestSupport
import Testing

@testable import JobRuntime

@Suite struct LedgerTests {
  @Test func `the fence grows with every start`() async throws {
    let here = try await LedgerPlace()
    for number in 1...5 {
      let (fence, attempt) = try await here.opened(here.ledger(number), by: .clock)
      #expect(fence == Int64(number))
      #expect(attempt == 1)
    }
  }

  @Test func `jobs have fences of their own, and shards of one job draw from one row of numbers`() async throws {
    let here = try await LedgerPlace()
    #expect(try await here.opened(here.ledger(1)).fence == 1)
    #expect(try await here.opened(here.ledger(2, job: "other")).fence == 1)
    let shard = Shard(index: 1, count: 2)
    #expect(try await here.opened(here.ledger(3, shard: shard)).fence == 2)
    #expect(try await here.opened(here.ledger(4)).fence == 3)
    #expect(try await here.opened(here.ledger(5)).fence == 4)
    #expect(try await here.opened(here.ledger(6, shard: shard)).fence == 5)
    // Each still has the newest of its own.
    #expect(
      try await here.place.value("select string_agg(token::text, ' ' order by job, shard) from oneshot.fences")
        == "4 5 1")
  }

  @Test func `tries of one slot are counted`() async throws {
    let here = try await LedgerPlace()
    for number in 1...3 {
      let ledger = here.ledger(number)
      let (fence, attempt) = try await here.opened(ledger)
      #expect(attempt == number)
      try await here.close(ledger, .failed, fence: fence)
    }
    #expect(try await here.opened(here.ledger(4), at: LedgerPlace.slot + .hours(1)).attempt == 1)
  }

  @Test(arguments: [LogicalTime.Source.setting, .kubernetes])
  func `a slot of the platform that has succeeded is done`(source: LogicalTime.Source) async throws {
    let here = try await LedgerPlace()
    let first = here.ledger(1)
    let (fence, _) = try await here.opened(first, by: source)
    #expect(try await here.close(first, .succeeded, fence: fence))
    guard case .alreadyDone(let done) = try await here.open(here.ledger(2), by: source) else {
      Issue.record("not done")
      return
    }
    #expect(done == first.runID.description)
    // It took no fence and left no row.
    #expect(try await here.place.value("select token from oneshot.fences") == "1")
    #expect(try await here.runs() == ["succeeded"])
  }

  @Test func `a slot is done for one variant of a job only, and one fence is all variants'`() async throws {
    let here = try await LedgerPlace()
    for (number, variant) in ["hourly", "weekly", ""].enumerated() {
      let ledger = here.ledger(number, variant: variant)
      let (fence, attempt) = try await here.opened(ledger)
      #expect(fence == Int64(number + 1) && attempt == 1)
      #expect(try await here.close(ledger, .succeeded, fence: fence))
    }
    guard case .alreadyDone = try await here.open(here.ledger(4, variant: "weekly")) else {
      Issue.record("not done")
      return
    }
  }

  @Test func `a slot read from the clock is never done`() async throws {
    let here = try await LedgerPlace()
    for number in 1...2 {
      let ledger = here.ledger(number)
      let (fence, _) = try await here.opened(ledger, by: .clock)
      #expect(try await here.close(ledger, .succeeded, fence: fence))
    }
    #expect(try await here.runs() == ["succeeded", "succeeded"])
  }

  @Test func `a slot that was done by force or is forced runs again`() async throws {
    let here = try await LedgerPlace()
    for number in 1...3 {
      let ledger = here.ledger(number)
      let (fence, _) = try await here.opened(ledger, isForced: number > 1)
      #expect(try await here.close(ledger, .succeeded, fence: fence))
    }
    #expect(try await here.runs() == ["succeeded", "succeeded", "succeeded"])
  }

  @Test(arguments: [RunStatus.failed, .partial, .interrupted])
  func `a slot that did not succeed is not done`(status: RunStatus) async throws {
    let here = try await LedgerPlace()
    let ledger = here.ledger(1)
    let (fence, _) = try await here.opened(ledger)
    #expect(try await here.close(ledger, status, fence: fence))
    #expect(try await here.opened(here.ledger(2)).attempt == 2)
  }

  @Test func `a schedule that is cut anew does its slot anew`() async throws {
    let here = try await LedgerPlace()
    let whole = here.ledger(1, shard: Shard(index: 0, count: 1))
    let (fence, _) = try await here.opened(whole)
    #expect(try await here.close(whole, .succeeded, fence: fence))
    #expect(try await here.opened(here.ledger(2, shard: Shard(index: 0, count: 2))).attempt == 1)
  }

  @Test func `rows that older runs left open become failures`() async throws {
    let here = try await LedgerPlace()
    _ = try await here.opened(here.ledger(1))
    _ = try await here.opened(here.ledger(9, job: "other"))
    let closed = here.ledger(2)
    let (fence, _) = try await here.opened(closed)
    #expect(try await here.runs() == ["failed abandoned", "running", "running"])
    try await here.close(closed, .interrupted, fence: fence)
    _ = try await here.opened(here.ledger(3))
    #expect(try await here.runs() == ["failed abandoned", "running", "interrupted", "running"])
    #expect(try await here.place.value("select count(finished_at) from oneshot.job_runs") == "2")
  }

  @Test func `a schema that is too old opens nothing`() async throws {
    let here = try await LedgerPlace()
    let needs = [MigrationNeed("core", 1), MigrationNeed("search", 1000), MigrationNeed("unknown", 1)]
    guard case .schemaTooOld(let found) = try await here.open(here.ledger(1), needs: needs) else {
      Issue.record("opened")
      return
    }
    let core = try await here.place.value("select max(number) from oneshot.migrations where line = 'core'")
    let search = try await here.place.value("select max(number) from oneshot.migrations where line = 'search'")
    #expect(found == AppliedMigrations(newest: ["core": Int(core) ?? 0, "search": Int(search) ?? 0]))
    #expect(try await here.place.value("select count(*) from oneshot.fences") == "0")
    #expect(try await here.runs().isEmpty)
  }

  @Test(arguments: [-1, 1])
  func `where the clock of Postgres disagrees nothing is opened`(sign: Int64) async throws {
    let here = try await LedgerPlace()
    let seconds = try await here.place.value("extract(epoch from now())::bigint")
    let now = Timestamp(seconds: try #require(Int64(seconds)))
    let host = now + .seconds(sign * 3600)
    func clock(_ tolerance: Duration) -> ClockCheck {
      ClockCheck(
        tolerance: tolerance, logicalTime: LogicalTime(moment: now, source: .setting), requestedAt: host,
        answeredAt: host)
    }
    let failure = try await #require(throws: JobFailure.self) {
      try await here.open(here.ledger(1), clock: clock(.minutes(50)))
    }
    #expect(failure.kind == .clock && failure.message.contains("the clock of this host says \(host.rfc3339)"))
    #expect(try await here.place.value("select count(*) from oneshot.fences") == "0")
    #expect(try await here.runs().isEmpty)
    guard case .opened = try await here.open(here.ledger(1), clock: clock(.minutes(70))) else {
      Issue.record("not opened")
      return
    }
  }

  @Test func `of many starts at once each has a fence of its own`() async throws {
    let here = try await LedgerPlace()
    let fences = try await withThrowingTaskGroup(of: Int64.self) { group in
      for number in 1...8 {
        group.addTask {
          let database = try Database(ConnectionOptions(url: here.place.databaseURL, applicationName: "\(number)"))
          let ledger = here.ledger(number)
          let statement = ledger.open(LedgerPlace.facts(), LedgerPlace.clock)
          let opening = try await database.withSession { session in
            try ledger.read(session.query(statement).only(), LedgerPlace.clock)
          }
          guard case .opened(let opened) = opening else { throw TestFailure("\(opening)") }
          return opened.fence
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(fences.sorted() == Array(1...8))
  }

  @Test func `opening again after a lost answer goes on with the same run`() async throws {
    let here = try await LedgerPlace()
    let first = try await here.opened(here.ledger(1))
    let again = try await here.opened(here.ledger(1))
    #expect(again.fence == first.fence + 1 && again.attempt == first.attempt)
    #expect(try await here.place.value("select count(*) from oneshot.job_runs") == "1")
    #expect(
      try await here.place.value("select status || ' ' || fence from oneshot.job_runs") == "running \(again.fence)")
  }
}
