import JobRuntime
import Postgres
import TestSupport
import Testing

@testable import MetricsRollups

/// How the server reads what it knows nothing about yet: tables that nobody has analyzed.
@Suite(.timeLimit(.minutes(10))) struct RollupPlanTests {
  @Test func `events of many stretches are looked up by the index, and not compared with each stretch`() async throws {
    let rollups = try await Rollups()
    try await rollups.place.execute("alter table metric_events set (autovacuum_enabled = off)")
    try await rollups.add(3000, every: "14 hours")
    var env = Environment([:])
    let source = try #require(Source.all(folder: nil, chosen: nil, &env).first)
    let now = try #require(Timestamp(rfc3339: Rollups.now))
    let starts = (1...3000).reversed().map { now - .hours(14 * $0) }
    let statement = try source.fresh(of: starts.count).statement(
      binding: [
        "starts": starts, "ends": starts.map { $0 + .hours(1) }, "origins": starts, "window_start": starts[0],
        "window_end": now, "day_start": starts[0], "only_good": false,
      ])
    let plan = try await rollups.place.database.withSession { session in
      try session.query("set enable_seqscan = off")
      return try session.query(Statement(sql: "explain " + statement.sql, parameters: statement.parameters))
        .map { try $0.value("QUERY PLAN", as: String.self) }.joined(separator: "\n")
    }
    #expect(plan.contains("Index Cond") && !plan.contains("Join Filter"), "\(plan)")
  }
}
