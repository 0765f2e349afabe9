import TestSupport
import Testing

@testable import Oneshot

/// `oneshot explain`: the page of troubles, looked up.
@Suite(.timeLimit(.minutes(5))) struct ExplainTests {
  private func explain(_ words: String...) async throws -> Binary.Outcome {
    try await Operator.oneshot.run(["explain"] + words, [:])
  }

  @Test(arguments: [
    ("78", "78: misconfigured"), ("misconfigured", "78: misconfigured"), ("143", "130, 143: interrupted"),
    ("fenced", "a newer run"), ("too_late", "came for an hour that"), ("already_done", "done_by"),
    ("missed", "Nothing was started"),
    ("paused", "oneshot resume JOB"), ("FENCED", "a newer run"),
  ])
  func `a code, a kind, a reason and a trouble are found`(word: String, text: String) async throws {
    let found = try await explain(word)
    #expect(found.exitCode == 0, "\(found.errors)")
    let plain = found.output.split { $0.isWhitespace }.joined(separator: " ")
    #expect(plain.contains(text), "\(found.output)")
    #expect(!found.output.contains("](") && found.errors == "")
  }

  @Test(arguments: [
    ("the run took longer than JOB_TIMEOUT (50m) and was stopped", "deadline"),
    ("the line core of this database is at 4; this binary needs 6", "oneshot migrate"),
    ("the role jobs may not create anything in public", "grant"),
  ])
  func `a message is found as it was printed`(message: String, text: String) async throws {
    let found = try await explain(message)
    #expect(found.exitCode == 0 && found.output.contains(text), "\(found.output)\(found.errors)")
  }

  @Test func `what is not known ends with 1 and names what is near`() async throws {
    let found = try await explain("fencd")
    #expect(found.exitCode == 1 && found.errors.contains("did you mean fenced?"), "\(found.errors)")
    #expect(try await explain("qqqqqqqqqqqq").exitCode == 1)
    #expect(try await explain().exitCode == 64)
  }

  @Test func `every row of the page is found by each of its words`() {
    let page = TroublePage.ofThisVersion
    let entries = page.sections.flatMap(\.entries)
    #expect(page.sections.count > 10 && entries.count > 100)
    for entry in entries {
      #expect(!entry.known.isEmpty && !entry.seen.isEmpty)
      for pattern in entry.patterns {
        let found = page.search(pattern)
        // A word such as 75 names a whole section.
        #expect(!found.sections.isEmpty || found.entries.contains { $0.entry == entry }, "\(pattern)")
      }
    }
  }
}
