import Postgres
import TestSupport
import Testing

@testable import JobRuntime

/// The doors of a run to Postgres, for statements that go past them.
@Suite(.timeLimit(.minutes(10))) struct DoorTests {
  enum Door: String, CaseIterable { case reading, snapshot, transaction }

  /// Hands statements to a door, one after the other.
  private func pass(_ door: Door, _ run: JobRun, _ statements: [Statement]) async throws {
    @Sendable func all(_ session: borrowing Session) throws {
      for statement in statements { try session.query(statement) }
    }
    switch door {
    case .reading: try await run.reading(all)
    case .snapshot: try await run.snapshot(all)
    case .transaction: try await run.transaction { tx in try all(tx.session) }
    }
  }

  private func place() async throws -> Place {
    let place = try await Place()
    try await place.execute("create table t (n integer); insert into t values (1)")
    return place
  }

  @Test(arguments: Door.allCases)
  func `no statement ends the transaction that a door lends`(door: Door) async throws {
    let place = try await place()
    let result = try await SampleJob { run in try await pass(door, run, ["commit", "delete from t"]) }.result(in: place)
    #expect(
      result.error?.kind == .internal && result.error?.message.contains("is not sent: commit") == true, "\(result)")
    #expect(result.error?.hint?.contains("committed when it returns") == true)
    #expect(try await place.value("select count(*) from t") == "1")
  }

  @Test func `a write where only reading is meant is the job's mistake`() async throws {
    let place = try await place()
    let delete: Statement = "delete from t"
    try expectMistake(
      try await SampleJob { run in try await pass(.reading, run, [delete]) }.result(in: place))
    try expectMistake(try await SampleJob { run in _ = try await run.read(delete) }.result(in: place))
    let plan = SampleJob { run in _ = try await run.transaction { tx in try tx.execute(delete) } }
    try expectMistake(try await plan.result(in: place, ["JOB_DRY_RUN": "true"]))
    #expect(try await place.value("select count(*) from t") == "1")
  }

  private func expectMistake(_ result: RunResult) throws {
    let failure = try #require(result.error)
    #expect(failure.kind == .internal, "\(failure)")
    #expect(failure.message == "the statement writes in a read-only transaction: delete from t")
    #expect(failure.hint?.contains("run.transaction") == true)
  }
}
