import TestSupport
import Testing

@testable import JobRuntime
@testable import Postgres

/// The server's history, which a run compares with that of its beginning.
@Suite struct TimelineTests {
  @Test func `a run is given the timeline in which it was opened`() async throws {
    let here = try await LedgerPlace()
    guard case .opened(let opened) = try await here.open(here.ledger(1)) else { throw TestFailure("closed") }
    #expect(opened.timeline == "00000001")
  }

  @Test func `in another timeline a run writes nothing and closes no success, though its fence is the newest`()
    async throws
  {
    let here = try await LedgerPlace()
    var ledger = here.ledger(1)
    let (fence, _) = try await here.opened(ledger)
    ledger.timeline = "00000001"
    let rows = try await here.place.database.withSession { [ledger] in try $0.query(ledger.fenceCheck()) }
    try ledger.check(rows, against: fence)
    ledger.timeline = "000000AA"
    let failure = try #require(throws: JobFailure.self) { try ledger.check(rows, against: fence) }
    #expect(failure.kind == .failover && failure.message.contains("000000AA and is 00000001"))
    #expect(try await !here.close(ledger, .succeeded, fence: fence))
    #expect(try await here.runs() == ["running"])
    #expect(try await !here.close(ledger, .failed, fence: fence) { $0.error = failure })
    #expect(try await here.runs() == ["failed failover"])
  }

  @Test(arguments: ["0A000", "55000", "42501", "42883"])
  func `a server may refuse to tell it`(state: String) {
    #expect(Timeline.mayBeUnavailable(.server(.init(state: SQLState(rawValue: state), message: ""))))
  }

  @Test(arguments: ["25006", "40001", "57P01"])
  func `other refusals have nothing to do with it`(state: String) {
    #expect(!Timeline.mayBeUnavailable(.server(.init(state: SQLState(rawValue: state), message: ""))))
  }

  @Test func `a run goes on where a role may not ask for it`() async throws {
    let place = try await Place()
    try await place.execute(
      "alter function pg_catalog.pg_walfile_name(pg_lsn) rename to pg_walfile_name_of_before; create table marks (n integer)"
    )
    let result = try await SampleJob { run in
      try await run.transaction { tx in _ = try tx.execute("insert into marks values (1)") }
    }.result(in: place)
    #expect(result.status == .succeeded, "\(result)")
    #expect(try await place.value("select count(*) from marks") == "1")
  }
}
