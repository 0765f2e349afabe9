import TestSupport
import Testing

/// Silenced troubles, as the page shows them.
@Suite(.timeLimit(.minutes(5))) struct SnoozesTests {
  @Test func `what is snoozed is listed, and is not among what needs attention`() async throws {
    let reports = try await Reports()
    try await reports.add("reindex", ago: "1 minute", status: "failed", kind: "internal", message: "broken")
    #expect(try await reports.run().exitCode == 0)
    #expect(ReportTests.text(of: reports.page()).contains("1 thing needs attention"))
    #expect(!reports.page().contains("oneshot unsnooze"))
    try await reports.place.execute(
      """
      insert into oneshot.snoozes (job, kind, snoozed_until, snoozed_by, reason)
      values ('reindex', 'failing', '2100-01-02 03:04:05+00', 'ada', '<b>moving</b>');
      insert into oneshot.snoozes (job, kind, snoozed_at, snoozed_until, snoozed_by)
      values ('top-stats', 'missed', now() - interval '1 day', now() - interval '1 hour', 'ada')
      """)
    let run = try await reports.run()
    #expect(run.exitCode == 0 && run.result["counts", "troubles"].int == 0, "\(run.output)\(run.errors)")
    let text = ReportTests.text(of: reports.page())
    #expect(text.contains("Snoozed 1 kind of trouble") && !reports.page().contains("<b>moving"), "\(text)")
    #expect(text.contains("reindex: failing 1 2100-01-02T03:04:05Z ada"), "\(text)")
    #expect(!text.contains("needs attention") && !text.contains("top-stats: missed"), "\(text)")
  }
}
