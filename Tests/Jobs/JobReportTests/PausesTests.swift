import TestSupport
import Testing

/// Paused jobs, as the page shows them.
@Suite(.timeLimit(.minutes(5))) struct PausesTests {
  @Test func `what is paused is listed with until when, who and why`() async throws {
    let reports = try await Reports()
    #expect(try await reports.run().exitCode == 0)
    #expect(!reports.page().contains("oneshot resume JOB"))
    try await reports.place.execute(
      """
      insert into oneshot.pauses values ('', 'reindex', now(), '2100-01-02 03:04:05+00', 'ada', '<b>moving</b>'),
        ('', 'top-stats', now() - interval '1 day', now() - interval '1 hour', 'ada', null)
      """)
    let run = try await reports.run()
    #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
    let text = ReportTests.text(of: reports.page())
    #expect(text.contains("Paused 1 ") && !reports.page().contains("<b>moving"), "\(text)")
    #expect(text.contains("reindex 2100-01-02T03:04:05Z ada"), "\(text)")
    #expect(!text.contains("top-stats 2"))
  }
}
