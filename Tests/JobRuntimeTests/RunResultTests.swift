import Foundation
import TestSupport
import Testing

@testable import JobRuntime

@Suite struct RunResultTests {
  private func result() throws -> RunResult {
    RunResult(
      identity: RunIdentity(job: "usage-aggregation", shard: Shard(index: 1, count: 4)), version: "1.2.3",
      runID: "019a3d2e-0000-7000-8000-000000000000", status: .failed,
      exitCode: 70, logicalTime: LogicalTime(moment: try moment("2025-11-01T02:00:00Z"), source: .kubernetes),
      startedAt: try moment("2025-11-01T02:00:01.5Z"))
  }

  @Test func `a result has the contract's members in their order`() throws {
    var result = try result()
    result.reason = "locked"
    result.window = Window(start: try moment("2025-11-01T00:00:00Z"), end: try moment("2025-11-02T00:00:00Z"))
    result.fence = 7
    result.attempt = 2
    result.isDryRun = true
    result.duration = .milliseconds(1234)
    result.counts = ["inserted": 1]
    result.errors = [.init(item: "a", kind: "wrong_type", message: "b")]
    result.errorsTotal = 30
    result.error = JobFailure(.internal, "what", hint: "do")
    #expect(
      result.json.text == """
        {"job":"usage-aggregation","version":"1.2.3","run_id":"019a3d2e-0000-7000-8000-000000000000",\
        "status":"failed","exit_code":70,"reason":"locked","scheduled_at":"2025-11-01T02:00:00Z",\
        "scheduled_by":"kubernetes","window":{"start":"2025-11-01T00:00:00Z","end":"2025-11-02T00:00:00Z"},\
        "shard":{"index":1,"count":4},"attempt":2,"fence":7,"started_at":"2025-11-01T02:00:01.500000Z",\
        "duration_ms":1234,"dry_run":true,"counts":{"inserted":1},"details":{},\
        "errors":[{"item":"a","kind":"wrong_type","message":"b"}],"errors_total":30,\
        "error":{"kind":"internal","message":"what","hint":"do"}}
        """)
  }

  @Test func `at most twenty errors are shown`() throws {
    var result = try result()
    result.errors = (0..<30).map { .init(item: "\($0)", kind: "k", message: "m") }
    let shown = try #require(try parsedJSON(result.json.text) as? [String: Any])
    #expect((shown["errors"] as? [Any])?.count == 20)
  }

  @Test func `a result that is short enough is not shortened`() throws {
    var result = try result()
    result.details = ["x": "y"]
    #expect(result.json(atMost: 4096) == result.json && result.line == result.json.text)
  }

  @Test(arguments: [7, nil] as [Int64?])
  func `a year of days and thirty bad keys of 3 kB stay below 8 KiB, and the line says where the rest is`(
    fence: Int64?
  ) throws {
    var result = try result()
    result.fence = fence
    result.details = [
      "by_day": .array(
        (0..<365).map { ["day": .string("2025-01-01"), "keys": .integer(Int64($0)), "inserted": 123_456] })
    ]
    let key = String(repeating: "é", count: 1500)
    result.errors = (0..<30).map { .init(item: "\($0) \(key)", kind: "bad_value", message: "\(key) is no number") }
    result.errorsTotal = 30
    #expect(result.json.text.utf8.count > 100_000)
    #expect(result.line.utf8.count < RunResult.longestLine && RunResult.longestLine <= 8192)
    let line = ResultLine(text: result.line)
    #expect(line["errors_total"].int == 30 && line["exit_code"].int == 70)
    // Some of both is shown.
    #expect(line["errors"].count >= 5 && line["errors"].elements.first?["item"].string?.hasPrefix("0 éé") == true)
    #expect(line["details", "by_day"].count >= 5)
    let ledger = "the rest is in the ledger: oneshot run 019a3d2e-0000-7000-8000-000000000000"
    #expect(line["shortened"].string == (fence == nil ? "the rest is left out" : ledger))
  }

  @Test func `what is cut is cut between characters, with a sign that something is missing`() throws {
    var result = try result()
    result.details = [
      "holder": .string(String(repeating: "🜁", count: 5000)),
      "text": .verbatim("[\"" + String(repeating: "x", count: 5000) + "\"]"),
    ]
    let details = ResultLine(text: result.line)["details"]
    #expect(
      details["holder"].string?.hasSuffix("🜁…") == true && details["holder"].string?.contains("\u{FFFD}") == false)
    #expect(details["text"].string?.hasSuffix("x…") == true)
  }

  @Test func `a result of any content is valid and short enough`() throws {
    for text in hostileTexts {
      for count in [0, 1, 20] {
        var result = try result()
        result.status = .failed
        result.details = ["holder": .string(text), "list": .array([JSON](repeating: .string(text), count: count))]
        result.counts = JSON(members: (0..<count * 20).map { ("counter \($0)", 5) })
        result.errors = [RunResult.ItemError](
          repeating: .init(item: text, kind: "wrong_type", message: text), count: count)
        result.errorsTotal = count
        result.error = JobFailure(.misconfigured, text + text, hint: text)
        let short = result.json(atMost: 4096).text
        #expect(short.utf8.count <= 4096, "\(text.prefix(20).unicodeScalars.prefix(20)): \(short.utf8.count)")
        let object = try #require(try parsedJSON(short) as? [String: Any])
        #expect(object["status"] as? String == "failed")
        #expect(object["errors_total"] as? Int == count)
        #expect((object["error"] as? [String: Any])?["kind"] as? String == "misconfigured")
      }
    }
  }
}
