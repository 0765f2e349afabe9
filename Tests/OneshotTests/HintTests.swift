import Foundation
import TestSupport
import Testing

/// What a run says is to be done about its failure, wherever somebody looks at the run later.
@Suite(.timeLimit(.minutes(10))) struct HintTests {
  @Test func `a run's hint is in the ledger, and run, runs, health and the page show it`() async throws {
    let usage = try await Usage()
    try await usage.place.execute("alter table merchant_usage rename to elsewhere")
    try await usage.set(["m:2025-11-07:x": "5"])
    let failed = try await usage.run()
    #expect(failed.exitCode == 78, "\(failed.output)")
    let hint = try #require(failed.result["error", "hint"].string)
    let id = try #require(failed.result["run_id"].string)
    #expect(try await usage.place.value("select error_hint from oneshot.job_runs where run_id = '\(id)'") == hint)
    let here = try await Operator(at: usage.place)
    #expect(try await here.run("run", id).output.contains(hint))
    #expect(try await here.run("run", id, "--json").result["error_hint"].string == hint)
    #expect(try await here.run("runs", "--json").result[0]["error_hint"].string == hint)
    let health = try await here.run("health")
    #expect(health.exitCode == 1 && health.output.contains(hint.trimmingSuffix(".")), "\(health.output)")
    let folder = try TemporaryFolder()
    let file = "\(folder.path)/page.html"
    let report = try await Binary("job-report").run([], usage.place.environment.merging(["REPORT_FILE": file]) { $1 })
    #expect(report.exitCode == 0, "\(report.output)")
    let page = try String(contentsOfFile: file, encoding: .utf8)
    // A page holds no quotation marks as they are.
    let words = try #require(hint.split(whereSeparator: { "`\"'«»<>&".contains($0) }).max { $0.count < $1.count })
    let failures = try #require(page.firstRange(of: #"id="failures""#))
    #expect(page[failures.upperBound...].contains(words), "\(hint)")
  }

  @Test func `a run that died without a word has a hint all the same`() async throws {
    let usage = try await Usage()
    let run = try await BlockedRun(at: .planning, in: usage.place)
    run.process.send(SIGKILL)
    _ = await run.process.outcome()
    try await run.letGo()
    try await usage.place.redis("DEL", Usage.lockKey)
    #expect(try await usage.run().exitCode == 0)
    let kept = "select error_hint from oneshot.job_runs where error_kind = 'abandoned'"
    #expect(try await usage.place.value(kept).contains("find out what ends the process"))
  }
}

extension String {
  fileprivate func trimmingSuffix(_ suffix: String) -> String {
    hasSuffix(suffix) ? String(dropLast(suffix.count)) : self
  }
}
