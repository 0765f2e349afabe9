import JobRuntime
import Postgres

/// A replay sends a message again: a new attempt of the same message, with the same id.
extension OutboxDelivery: Replayable {
  func replay(_ letters: [DeadLetter], _ run: JobRun) async throws -> [ReplayOutcome] {
    let moment: Timestamp = try await run.read("select clock_timestamp() as moment").only().value("moment")
    let statement = try Self.requeueing(letters.map(\.item), at: moment)
    let queued = try await run.transaction { tx in
      Set(try tx.query(statement).map { ExactName(try $0.value("delivery_id")) })
    }
    // One that was sent, cancelled or removed meanwhile needs no more; one that fails again is pending again.
    return letters.map { queued.contains(ExactName($0.item)) ? .leftToRun : .done }
  }

  static func requeueing(_ ids: [String], at moment: Timestamp) throws -> Statement {
    try Statement(
      file: "requeue.sql", PackageResources.requeue_sql, binding: ["ids": ids, "moment": moment])
  }
}
