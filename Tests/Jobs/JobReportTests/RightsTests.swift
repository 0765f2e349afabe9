import TestSupport
import Testing

/// The privileges that the job's page names are enough.
@Suite(.timeLimit(.minutes(10))) struct RightsTests {
  @Test func `a role and a user with its page's privileges, and nothing more, can check and run`() async throws {
    let reports = try await Reports()
    try await reports.add("reindex", ago: "1 hour", status: "failed", kind: "internal", message: "a message")
    try await reports.add("fraud-detection", ago: "1 hour")
    try await reports.addDeadLetter("reindex", item: "asset:1", message: "too long")
    var restricted = try await reports.place.restricted("job-report")
    restricted["REPORT_FILE"] = reports.file
    let check = try await Reports.binary.run(["--check"], restricted)
    #expect(check.exitCode == 0, "\(check.output)")
    let run = try await Reports.binary.run([], restricted)
    #expect(reports.page().contains("may not count messages") && reports.page().contains("may not read them"))
    // What the page names for those that send messages.
    try await reports.place.execute(
      """
      grant select (channel, recipient, state, next_at, not_before) on oneshot.deliveries to \(reports.place.own("jobs"));
      grant select on oneshot.delivery_targets, oneshot.fraud_reviews, oneshot.fraud_facts, oneshot.fraud_signals
        to \(reports.place.own("jobs"))
      """)
    #expect(try await Reports.binary.run([], restricted).exitCode == 0)
    #expect(reports.page().contains("No message waits") && reports.page().contains("None is waiting."))
    #expect(
      run.exitCode == 0 && reports.page().contains("a message") && reports.page().contains("asset:1"), "\(run.output)")
  }
}
