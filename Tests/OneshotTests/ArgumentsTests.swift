import JobRuntime
import Testing

@testable import Oneshot

/// The words behind a command's name.
@Suite struct ArgumentsTests {
  private enum Color: String, CaseIterable { case red, blue }

  /// All kinds of arguments, read as a command reads them.
  private struct Read {
    var isPlain: Bool
    var job: String?
    var since: Duration?
    var limit: Int
    var color: Color?
    var first: String
    var problems: [String]

    init(_ words: String...) {
      var arguments = Arguments(words)
      isPlain = arguments.flag("plain", help: "")
      job = arguments.optionalText("job", .job, help: "")
      since = arguments.duration("since", default: .seconds(5), help: "")
      limit = arguments.int("limit", default: 50, in: 1...100, help: "")
      color = arguments.choice("color", of: Color.self, default: .red, help: "")
      first = arguments.operand(.text("ID"), help: "which one")
      arguments.end()
      problems = arguments.problems
    }
  }

  @Test func `values stand behind their option or behind an equals sign, in any order`() {
    let read = Read("--limit", "7", "x", "--job=a=b", "--plain", "--since=90s", "--color", "blue")
    #expect(read.problems == [])
    #expect(read.limit == 7 && read.job == "a=b" && read.isPlain && read.since == .seconds(90) && read.color == .blue)
    #expect(read.first == "x")
  }

  @Test func `what is not given has its default`() {
    let read = Read("x")
    #expect(read.problems == [] && !read.isPlain && read.job == nil && read.limit == 50)
    #expect(read.since == .seconds(5) && read.color == .red)
  }

  @Test func `an empty value is a value, and one may begin with dashes behind an equals sign`() {
    #expect(Read("--job=", "x").job == "")
    #expect(Read("--job", "", "x").job == "")
    #expect(Read("--job=--plain", "x").job == "--plain")
  }

  @Test func `behind two dashes everything is an operand`() {
    let read = Read("--", "--plain")
    #expect(read.problems == [] && read.first == "--plain" && !read.isPlain)
    #expect(Read("--plain", "--", "--job").first == "--job")
    #expect(Read("-1").first == "-1")
  }

  @Test(arguments: [
    (["x", "--job"], "--job needs a value"), (["x", "--job", "--plain"], "--job needs a value"),
    (["x", "--job", "a", "--job=b"], "--job is given twice"), (["x", "--plain=yes"], "--plain takes no value"),
    (["x", "--limit", "0"], "--limit is «0», not a whole number from 1 to 100"),
    (["x", "--limit=1e3"], "--limit is «1e3»"), (["x", "--limit="], "--limit is «»"),
    (["x", "--since", "soon"], "--since is «soon», not a duration"),
    (["x", "--color", "green"], "--color is «green», not one of red, blue"),
    (["x", "y"], "the argument y is not known, or one too many"), (["x", "--nonsense"], "the argument --nonsense"),
    (["x", "--", "y"], "the argument y"), ([], "ID is missing: which one"), (["--plain"], "ID is missing"),
  ])
  func `each mistake is told`(words: [String], problem: String) {
    var arguments = Arguments(words)
    _ = arguments.flag("plain", help: "")
    _ = arguments.optionalText("job", .job, help: "")
    _ = arguments.duration("since", default: nil, help: "")
    _ = arguments.int("limit", default: 50, in: 1...100, help: "")
    _ = arguments.choice("color", of: Color.self, default: nil, help: "")
    _ = arguments.operand(.text("ID"), help: "which one")
    arguments.end()
    #expect(arguments.problems.count { $0.hasPrefix(problem) } >= 1, "\(arguments.problems)")
  }

  @Test func `all mistakes are told at once`() {
    let read = Read("--limit", "x", "--color=y", "--since=z", "--what")
    #expect(read.problems.count == 5, "\(read.problems)")
  }

  @Test func `an operand is one of its words`() {
    for (words, isGood) in [(["blue"], true), (["green"], false), ([], false)] {
      var arguments = Arguments(words)
      let color = arguments.choiceOperand(of: Color.self, help: "")
      arguments.end()
      #expect((color == .blue) == isGood && arguments.problems.count == (isGood ? 0 : 1))
    }
  }

  @Test(arguments: [
    (["--help"], "oneshot COMMAND"), ([], "oneshot COMMAND"), (["-h"], "oneshot COMMAND"),
    (["help"], "oneshot COMMAND"),
    (["runs", "--help"], "oneshot runs —"), (["runs", "--json", "--help"], "oneshot runs —"),
    (["--help", "runs"], "oneshot runs —"), (["runs", "-h", "--nonsense"], "oneshot runs —"),
    (["help", "runs"], "oneshot runs —"), (["help", "dead-letters", "show"], "oneshot dead-letters show —"),
    (["dead-letters"], "  dead-letters show"), (["dead-letters", "--json", "-h"], "  dead-letters show"),
    (["run", "-h", "--", "x"], "oneshot run —"), (["--version"], "oneshot "),
  ])
  func `help is given wherever it is asked for`(words: [String], beginning: String) {
    guard case .text(let text) = ParsedCommandLine(words) else {
      Issue.record("no text")
      return
    }
    #expect(text.contains(beginning))
  }

  @Test func `behind two dashes nobody asks for help, and what is not there is told`() {
    guard case .command(_, ["x", "--", "-h"]) = ParsedCommandLine(["dead-letters", "show", "x", "--", "-h"]) else {
      Issue.record("it is an item")
      return
    }
    for (words, wrong) in [
      (["nonsense"], "nonsense"), (["nonsense", "--help"], "nonsense"), (["help", "nonsense"], "nonsense"),
      (["dead-letters", "odd", "--help"], "dead-letters odd"), (["dead-letters", "odd"], "dead-letters odd"),
    ] {
      guard case .unknownCommand(wrong) = ParsedCommandLine(words) else {
        Issue.record("\(words)")
        continue
      }
    }
  }

  @Test func `a setting and an option are told apart in every declaration`() {
    for command in Commands.declarations {
      #expect(!command.summary.isEmpty && !command.options.contains { $0.help.isEmpty }, "\(command.name)")
      #expect(Set(command.options.map(\.name)).count == command.options.count, "\(command.name)")
      #expect(!command.options.contains { $0.name == "help" }, "\(command.name): every command has it")
    }
    #expect(Set(Commands.declarations.map(\.name)).count == Commands.all.count)
  }
}
