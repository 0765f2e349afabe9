import Foundation
import TestSupport
import Testing

/// What an operator sees of events that wait.
@Suite(.timeLimit(.minutes(10))) struct OperatingTests {
  private static let oneshot = Binary("oneshot")

  @Test func `events that wait are listed with the reason, and one is shown whatever became of it`() async throws {
    let drained = try await Drained(["EVENTS_RETRY": "10h"])
    try drained.handler(
      "late", "-- handles: late\n-- order: key\nselect n, 'retry' as outcome, 'not yet' as message from events")
    try await drained.add([
      Drained.event(1, type: "late", key: 1), Drained.event(2, type: "late", key: 1), Drained.event(3),
      Drained.event(4, amount: #""bad""#),
    ])
    #expect(try await drained.run().exitCode == 65)
    let environment = drained.place.environment
    let list = try await Self.oneshot.run(["events", "list"], environment)
    #expect(list.exitCode == 0, "\(list.errors)")
    let lines = list.output.split(separator: "\n").map(String.init)
    #expect(lines.count == 3 && lines[1].contains("e1") && lines[2].contains("e2"), "\(list.output)")
    #expect(list.output.contains("redis:events:job/0") && list.output.contains("not yet"), "\(list.output)")
    #expect(
      try await Self.oneshot.run(["events", "list", "--type", "other"], environment).errors.contains("no event waits"))
    let json = try await Self.oneshot.run(["events", "list", "--json", "--limit", "1"], environment)
    #expect(json.result.elements.count == 1 && json.result.elements.first?["id"].string == "e1", "\(json.output)")
    #expect(json.errors.contains("1 more wait"))
    for (id, words) in [
      ("e1", ["waiting", "later events of it wait behind this one", #""amount": 1"#]), ("e3", ["done"]),
      ("e4", ["dead", "22P02"]),
    ] {
      let shown = try await Self.oneshot.run(["events", "show", id], environment)
      #expect(shown.exitCode == 0 && words.allSatisfy { shown.output.contains($0) }, "\(shown.output)\(shown.errors)")
    }
    let unknown = try await Self.oneshot.run(["events", "show", "e9"], environment)
    #expect(unknown.exitCode == 1 && unknown.errors.contains("no event has this id"))
  }

  @Test func `health and the page say how much is behind, and how old the oldest of it is`() async throws {
    let drained = try await Drained(["EVENTS_RETRY": "10h", "EVENTS_MAX": "2", "EVENTS_BATCH": "2"])
    try drained.handler("late", "-- handles: late\nselect n, 'retry' as outcome from events")
    try await drained.add([Drained.event(0), Drained.event(1, type: "late")])
    try await drained.add(2..<7)
    #expect(try await drained.run().exitCode == 0)
    // Three hours after its slot it still waits, and was seen then.
    let late = try await drained.run([], ["JOB_SCHEDULED_AT": "2025-11-08T05:00:00Z"])
    #expect(late.count("behind") == 3, "\(late.output)")
    let oldest = try #require(late.result["details", "oldest_seconds"].int)
    #expect((10_800..<10_860).contains(oldest), "\(late.output)")
    let health = try await Self.oneshot.run(["health"], drained.place.environment)
    let line = health.output.split(separator: "\n").first { $0.hasPrefix("event-drain") } ?? ""
    #expect(line.contains(" 3h"), "\(health.output)")
    let json = try await Self.oneshot.run(["health", "--json"], drained.place.environment)
    #expect(json.result["parts"].elements.first?["oldest_work_at"].isThere == true, "\(json.output)")
    #expect(json.result["parts"].elements.first?["behind"].int == 3)
    let page = "\(drained.folder.path)/page.html"
    let report = try await Binary("job-report").run([], drained.environment(["REPORT_FILE": page]))
    #expect(report.exitCode == 0, "\(report.output)")
    let text = try String(contentsOfFile: page, encoding: .utf8)
    #expect(text.contains("oldest of it") && text.contains(">3h<"), "\(text.suffix(3000))")
  }
}
