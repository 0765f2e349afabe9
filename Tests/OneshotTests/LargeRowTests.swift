import Foundation
import TestSupport
import Testing

/// Rows of the ledger that are larger than any job writes them: an older version's, or somebody else's.
@Suite(.timeLimit(.minutes(10))) struct LargeRowTests {
  /// A ledger with one row whose texts have 20 MB each, more than one answer of Postgres may have.
  ///
  /// - Parameter isJudged: whether health can make something of it; else its kind and its series are as large.
  private func ledger(isJudged: Bool = true) async throws -> PlantedLedger {
    let ledger = try await PlantedLedger()
    try await ledger.plant("large", status, kind: "internal", message: "m")
    try await ledger.place.execute(
      """
      update oneshot.job_runs set (error_message, host, version) = (t, t, t),
        details = jsonb_build_object('text', t), counts = jsonb_build_object('text', t)
        \(isJudged ? "" : ", series = t, error_kind = t")
      from (select repeat('x', 20000000)) as text (t)
      """)
    return ledger
  }

  private let status = "failed"

  @Test(arguments: [
    ["runs"], ["runs", "--json"], ["run"], ["run", "--json"], ["health"], ["health", "--json"],
  ])
  func `a row of any size is shown, cut`(arguments: [String]) async throws {
    let ledger = try await ledger(isJudged: arguments[0] == "health")
    // The size of an answer is counted over TCP.
    let proxy = try Proxy(to: ledger.place.servers.postgresSocket)
    defer { proxy.close() }
    let id = try await ledger.place.value("select run_id from oneshot.job_runs")
    let words = arguments[0] == "run" ? ["run", id] + arguments.dropFirst() : arguments
    let said = try await Binary("oneshot").run(words, ledger.place.environment(postgres: proxy))
    #expect(said.exitCode == (arguments[0] == "health" ? 1 : 0), "\(said.output.prefix(2000))\(said.errors)")
    #expect(said.output.contains("large") && said.output.utf8.count < 100_000)
  }

  @Test func `it keeps no job from running, and no page from being made`() async throws {
    let ledger = try await ledger()
    let proxy = try Proxy(to: ledger.place.servers.postgresSocket)
    defer { proxy.close() }
    let folder = try TemporaryFolder()
    let settings = ["REPORT_FILE": "\(folder.path)/report.html"]
    for (job, exitCode) in [("usage-aggregation", 0), ("job-report", 0), ("job-doctor", 65)] as [(String, Int32)] {
      let other = job == "job-doctor" ? "large" : job
      try await ledger.place.execute(
        "update oneshot.job_runs set job = '\(other)', status = '\(status)', error_kind = 'internal'")
      let run = try await Binary(job).run([], ledger.place.environment(postgres: proxy).merging(settings) { $1 })
      #expect(run.exitCode == exitCode, "\(job): \(run.output.prefix(2000))\(run.errors)")
    }
    let page = try String(contentsOfFile: "\(folder.path)/report.html", encoding: .utf8)
    #expect(page.utf8.count < 200_000)
  }
}
