import Postgres
import TestSupport
import Testing

@testable import JobRuntime

/// `oneshot.job_totals`: what runs add up to.
@Suite struct RunTotalsTests {
  private func totals(_ here: LedgerPlace, _ ledger: Ledger) async throws -> RunTotals? {
    try await here.place.database.withSession { session in try ledger.readTotals(session.query(ledger.totals())) }
  }

  /// Each row as `succeeded partial failed interrupted | failures in a row | whether there was a success`.
  private func rows(_ place: Place) async throws -> [String] {
    try await place.database.withSession { session in
      try session.query(
        """
        select concat_ws(' ', job, shard, ':', succeeded, partial, failed, interrupted, '|', consecutive_failures, '|',
          last_succeeded_at is not null) as line
        from oneshot.job_totals order by job, shard
        """
      ).map { try $0.value("line", as: String.self) }
    }
  }

  /// Opens and closes runs that end in these ways.
  private func run(_ endings: [RunStatus], _ here: LedgerPlace, from first: Int = 1) async throws {
    for (number, status) in endings.enumerated() {
      let ledger = here.ledger(first + number)
      let (fence, _) = try await here.opened(ledger, by: .clock)
      try await here.close(ledger, status, fence: fence)
    }
  }

  @Test func `every ending is counted, and failures in a row end with a success`() async throws {
    let here = try await LedgerPlace()
    let steps: [(RunStatus, String)] = [
      (.failed, "job 0 : 0 0 1 0 | 1 | f"), (.partial, "job 0 : 0 1 1 0 | 2 | f"),
      (.succeeded, "job 0 : 1 1 1 0 | 0 | t"), (.interrupted, "job 0 : 1 1 1 1 | 1 | t"),
      (.failed, "job 0 : 1 1 2 1 | 2 | t"), (.succeeded, "job 0 : 2 1 2 1 | 0 | t"),
    ]
    for (number, (status, line)) in steps.enumerated() {
      try await run([status], here, from: number)
      #expect(try await rows(here.place) == [line])
    }
    #expect(
      try await here.place.value("select last_succeeded_at from oneshot.job_totals")
        == here.place.value("select max(finished_at) from oneshot.job_runs where status = 'succeeded'"))
  }

  @Test func `runs that were left open count as failed once, several at once too`() async throws {
    let here = try await LedgerPlace()
    try await run([.succeeded], here)
    // Two that an older version left open at once.
    _ = try await here.opened(here.ledger(2), by: .clock)
    _ = try await here.opened(here.ledger(3), by: .clock)
    try await here.place.execute(
      "update oneshot.job_runs set status = 'running' where status = 'failed'; update oneshot.job_totals set failed = 0, consecutive_failures = 0"
    )
    _ = try await here.opened(here.ledger(4), by: .clock)
    #expect(try await rows(here.place) == ["job 0 : 1 0 2 0 | 2 | t"])
    try await run([.succeeded], here, from: 5)
    #expect(try await rows(here.place) == ["job 0 : 2 0 3 0 | 0 | t"])
  }

  @Test func `a run is counted once, however often it is closed`() async throws {
    let here = try await LedgerPlace()
    let ledger = here.ledger(1)
    let (fence, _) = try await here.opened(ledger)
    for _ in 0..<3 { try await here.close(ledger, .succeeded, fence: fence) }
    try await here.close(ledger, .failed, fence: fence)
    #expect(try await rows(here.place) == ["job 0 : 1 0 0 0 | 0 | t"])
  }

  @Test(arguments: [RunStatus.succeeded, .partial, .failed, .interrupted])
  func `a run that a newer one has given up is not counted again when it ends`(status: RunStatus) async throws {
    let here = try await LedgerPlace()
    let old = here.ledger(1)
    let (fence, _) = try await here.opened(old, by: .clock)
    _ = try await here.opened(here.ledger(2), by: .clock)
    try await here.close(old, status, fence: fence)
    #expect(try await rows(here.place) == ["job 0 : 0 0 1 0 | 1 | f"])
  }

  @Test func `a success that loses its fence is not counted`() async throws {
    let here = try await LedgerPlace()
    let ledger = here.ledger(1)
    let (fence, _) = try await here.opened(ledger)
    try await here.place.execute("update oneshot.fences set token = token + 1")
    #expect(try await !here.close(ledger, .succeeded, fence: fence))
    #expect(try await rows(here.place) == [])
  }

  @Test func `shards and jobs have rows of their own, also when they end at the same time`() async throws {
    let here = try await LedgerPlace()
    var ledgers: [(Ledger, Int64)] = []
    for index in 0..<8 {
      let ledger = here.ledger(index, job: index < 4 ? "a" : "b", shard: Shard(index: index % 4, count: 4))
      ledgers.append((ledger, try await here.opened(ledger).fence))
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (ledger, fence) in ledgers {
        group.addTask { try await here.close(ledger, ledger.shard.index == 0 ? .failed : .succeeded, fence: fence) }
      }
      try await group.waitForAll()
    }
    #expect(
      try await rows(here.place)
        == ["a", "b"].flatMap { job in
          ["\(job) 0 : 0 0 1 0 | 1 | f"] + (1...3).map { "\(job) \($0) : 1 0 0 0 | 0 | t" }
        })
  }

  @Test func `rows that leave the ledger stay counted`() async throws {
    let here = try await LedgerPlace()
    try await run([.succeeded, .failed, .partial, .interrupted], here)
    let last = here.ledger(9)
    let (fence, _) = try await here.opened(last, by: .clock)
    try await here.close(last, .succeeded, fence: fence, keepingSince: LedgerPlace.start + .seconds(1))
    #expect(try await here.place.value("select count(*) from oneshot.job_runs") == "1")
    #expect(try await rows(here.place) == ["job 0 : 2 1 1 1 | 0 | t"])
  }

  @Test func `totals are read once the run is closed`() async throws {
    let here = try await LedgerPlace()
    let ledger = here.ledger(1)
    #expect(try await totals(here, ledger) == nil)
    let (fence, _) = try await here.opened(ledger)
    #expect(try await totals(here, ledger) == nil)
    try await here.close(ledger, .partial, fence: fence) { $0.errorsTotal = 6 }
    #expect(
      try await totals(here, ledger)
        == RunTotals(
          runs: [.succeeded: 0, .partial: 1, .failed: 0, .interrupted: 0], consecutiveFailures: 1,
          lastSucceededAt: nil, deadLetters: 6))
    try await run([.succeeded], here, from: 5)
    #expect(try await totals(here, here.ledger(5))?.lastSucceededAt == LedgerPlace.start + .seconds(5))
  }

  @Test func `failures of items add up for each shard, whatever becomes of their rows`() async throws {
    let here = try await LedgerPlace()
    /// What is told at the end of a run in which items failed.
    func told(_ number: Int, shard index: Int, _ status: RunStatus, failures: Int) async throws -> Int64? {
      let ledger = here.ledger(number, shard: Shard(index: index, count: 2))
      let (fence, _) = try await here.opened(ledger, by: .clock)
      // Twice: the first answer may have been lost.
      for _ in 1...2 { try await here.close(ledger, status, fence: fence) { $0.errorsTotal = failures } }
      return try await totals(here, ledger)?.deadLetters
    }
    #expect(try await told(1, shard: 0, .partial, failures: 2) == 2)
    #expect(try await told(2, shard: 1, .succeeded, failures: 5) == 5)
    #expect(try await told(3, shard: 0, .failed, failures: 1) == 3)
    try await here.place.execute("delete from oneshot.dead_letters; delete from oneshot.job_runs")
    #expect(try await told(4, shard: 0, .succeeded, failures: 0) == 3)
    #expect(try await told(5, shard: 0, .interrupted, failures: 4) == 7)
    #expect(try await told(6, shard: 1, .succeeded, failures: 0) == 5)
  }

  @Test func `a run that was left open adds no failures of items`() async throws {
    let here = try await LedgerPlace()
    let old = here.ledger(1)
    let (fence, _) = try await here.opened(old, by: .clock)
    let next = here.ledger(2)
    let (newest, _) = try await here.opened(next, by: .clock)
    try await here.close(old, .failed, fence: fence) { $0.errorsTotal = 3 }
    try await here.close(next, .partial, fence: newest) { $0.errorsTotal = 4 }
    #expect(try await totals(here, next)?.deadLetters == 4)
  }
}
