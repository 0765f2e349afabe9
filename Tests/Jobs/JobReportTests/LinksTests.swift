import JobRuntime
import Operations
import TestSupport
import Testing

@testable import JobReport

/// What the page offers beside what failed: commands to copy, and links to elsewhere.
@Suite(.timeLimit(.minutes(5))) struct LinksTests {
  private func reports() async throws -> Reports {
    let reports = try await Reports()
    try await reports.add("reindex", ago: "1 minute", status: "failed", kind: "denied", message: "no")
    try await reports.place.execute(
      """
      insert into oneshot.dead_letters (job, instance, item_digest, item, payload, error_kind, error_message, attempts, first_failed_at, last_failed_at, last_run_id, state)
      values ('top-stats', 'staging', sha256('x'), 'x', '{}', 'it''s <b>', 'broken', 1, now(), now(), gen_random_uuid(), 'pending')
      """)
    return reports
  }

  @Test func `without settings it has commands to copy, and leads nowhere`() async throws {
    let reports = try await reports()
    #expect(try await reports.run().exitCode == 0)
    let page = reports.page()
    let text = ReportTests.text(of: page).replacing("&#39;", with: "'").replacing("&lt;", with: "<")
      .replacing("&gt;", with: ">")
    #expect(text.contains("oneshot explain denied"), "\(text)")
    #expect(
      text.contains(#"oneshot dead-letters replay --job top-stats --kind 'it'\''s <b>' --instance staging"#), "\(text)")
    #expect(text.contains(#"oneshot dead-letters discard --job top-stats --kind"#) && !page.contains("<b>'"))
    #expect(!page.contains("href=\"http"))
  }

  @Test func `with settings what failed is linked with its explanation and its log`() async throws {
    let reports = try await reports()
    let run = try await reports.run(
      [],
      [
        "REPORT_HELP_URL": "https://docs.example.com/when-things-go-wrong.md",
        "REPORT_LOGS_URL": "https://logs.example.com/?q={run}&job={job}&from={from}",
      ])
    #expect(run.exitCode == 0, "\(run.output)")
    let page = reports.page()
    #expect(page.contains(#"href="https://docs.example.com/when-things-go-wrong.md#77-denied""#))
    #expect(page.contains(#"href="https://docs.example.com/when-things-go-wrong.md#65-partial""#))
    #expect(page.contains(/href="https:\/\/logs\.example\.com\/\?q=[0-9a-f-]{36}&amp;job=reindex&amp;from=20\d\d-/))
  }

  @Test(arguments: [
    ("javascript:alert(1)", "REPORT_LOGS_URL"), ("https://x/{runs}", "REPORT_LOGS_URL"),
    ("https://x/ y", "REPORT_LOGS_URL"),
    ("https://x/{run}", "REPORT_HELP_URL"),
  ])
  func `a URL that is none, or has a hole that is not filled, is refused`(url: String, setting: String) async throws {
    let run = try await Reports().run([], [setting: url])
    #expect(run.exitCode == 78 && run.output.contains(setting), "\(run.output)")
  }

  @Test func `each kind of failure has a heading, and what is filled in stays one piece of the URL`() throws {
    let page = try TestSupport.Page("docs/when-things-go-wrong.md").text
    for kind in FailureKind.allCases.map(\.rawValue) + ["partial", "interrupted", "abandoned"] {
      let heading = Links.heading(of: kind)
      #expect(page.contains("(#\(heading))"), "\(kind): \(heading)")
    }
    guard
      case .success(let template) = LinkTemplate.parse(
        "https://x/?q={job}&r={run}", holding: LinkTemplate.Hole.allCases)
    else { throw TestFailure("it is refused") }
    #expect(template.filled([.job: "a&b={run} ü", .run: "1"]) == "https://x/?q=a%26b%3D%7Brun%7D%20%C3%BC&r=1")
  }
}
