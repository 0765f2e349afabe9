import TestSupport
import Testing

/// Readers' questions are answered by docs/ alone, under a heading that says so.
@Suite struct QuestionTests {
  @Test func `twenty questions of newcomers and twelve of users are asked`() {
    #expect(Question.ofNewcomers.count >= 20 && Question.ofUsers.count >= 12)
  }

  @Test(arguments: Question.ofNewcomers + Question.ofUsers)
  func `each is answered under its heading, which a search for its words finds`(question: Question) throws {
    let sections = try Markdown.all().filter { $0.path != "CHANGELOG.md" && !$0.path.hasPrefix("docs/decisions/") }
      .flatMap { page in page.sections.map { (name: "\(page.path)#\($0.heading.anchor)", text: $0.text) } }
    let answer = try #require(sections.first { $0.name == question.answer }, "no heading \(question.answer)")
    let words = answer.text.split(separator: " ").joined(separator: " ")
    #expect(words.contains(question.says), "\(question.answer) does not say «\(question.says)»")
    let found = sections.filter { section in
      question.search.allSatisfy { section.text.lowercased().contains($0.lowercased()) }
    }
    .map(\.name)
    #expect(found.contains(question.answer), "a search for \(question.search) finds \(found)")
    #expect(found.count <= 12, "a search for \(question.search) finds too much: \(found)")
  }
}
