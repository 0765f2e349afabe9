import Foundation
import Redis
import TestSupport
import Testing

/// Row 19: nobody takes what a run says. (A closed stdout alone: ContractTests.)
@Suite(.timeLimit(.minutes(10))) struct OutputTests {
  private static let redirections = [
    ">/dev/full", "2>/dev/full", ">/dev/full 2>/dev/full", ">&-", "2>&-", "<&- >&- 2>&-", ">/dev/full 2>&-",
    "| true", "2>&1 | true",
  ]

  @Test(arguments: redirections, ["succeeded", "partial", "failed"])
  func `19: the exit code tells and the work is kept`(redirection: String, status: String) async throws {
    let usage = try await Usage()
    try await usage.set(["m:2025-11-07:x": "5"])
    if status == "partial" { try await usage.set(["bad:2025-11-07:x": "?"]) }
    let folder = try TemporaryFolder()
    var settings = ["JOB_LOG_LEVEL": "debug", "JOB_RESULT_FILE": "\(folder.path)/result"]
    if status == "failed" { settings["USAGE_TIMEZONE"] = "Mars/Olympus" }
    let codes: [String: Int32] = ["succeeded": 0, "partial": 65, "failed": 78]

    // bash, for the exit code of what stands before a pipe.
    let run = try await Binary(path: "/bin/bash").run(
      ["-c", "\"$0\" \(redirection); exit ${PIPESTATUS[0]}", Usage.binary.url.path], usage.environment(settings))
    #expect(run.exitCode == codes[status])
    #expect(try await usage.stored().count == (status == "failed" ? 0 : 1))
    #expect(try await usage.place.value("select status from oneshot.job_runs") == status)
    #expect(try await usage.place.redis("EXISTS", Usage.lockKey).integer == 0)
    // The second copy has its own way.
    let copy = try String(contentsOfFile: "\(folder.path)/result", encoding: .utf8)
    #expect(ResultLine(text: copy)["status"].string == status)
  }

  @Test func `19: a year's backfill and thirty keys of 3 kB that are bad make a line of less than 8 KiB`() async throws
  {
    let usage = try await Usage()
    let bad = (0..<30).map { ("bad \($0) " + String(repeating: "k", count: 3000) + ":2025-11-07:x", "?") }
    try await usage.set(Dictionary(uniqueKeysWithValues: bad))
    let run = try await usage.run([], ["USAGE_DAYS": "2024-11-08..2025-11-07"])
    #expect(run.exitCode == 65 && run.output.utf8.count < 8192, "\(run.output.utf8.count)")
    #expect(run.result["errors_total"].int == 30 && run.result["counts", "days"].int == 365)
    let id = try #require(run.result["run_id"].string)
    #expect(run.result["shortened"].string == "the rest is in the ledger: oneshot run \(id)")
    // There it is.
    let stored = try await usage.place.value("select jsonb_array_length(details -> 'by_day') from oneshot.job_runs")
    #expect(stored == "365")
    #expect(try await usage.deadLetters().count == 30)
    let told = try await Binary("oneshot").run(["run", id, "--json"], usage.place.environment)
    #expect(ResultLine(text: told.output)["details", "by_day"].count == 365, "\(told.output.prefix(300))")
  }

  @Test(arguments: ["/nowhere/result", "/dev/full", "/proc/version", "."])
  func `19: a result file that cannot be written is a warning`(path: String) async throws {
    let usage = try await Usage()
    try await usage.set(["m:2025-11-07:x": "5"])
    let run = try await usage.run([], ["JOB_RESULT_FILE": path])
    #expect(run.exitCode == 0 && run.result["status"].string == "succeeded")
    #expect(run.errors.contains("second copy"))
    #expect(try await usage.stored() == ["m:2025-11-07:x": "5"])
  }
}
