import Testing

@testable import JobRuntime

@Suite struct EnvironmentTests {
  private enum Mode: String, CaseIterable { case keep, overwrite, fail }

  @Test func `a setting of each kind is read`() {
    var env = Environment([
      "S": "text", "B": "YES", "I": "-5", "D": "90s", "C": "overwrite", "O": "here", "OD": "1h", "X": "abc",
    ])
    #expect(env.string("S", default: "d", help: "") == "text")
    #expect(env.bool("B", default: false, help: "") == true)
    #expect(env.int("I", default: 1, in: -10...10, help: "") == -5)
    let length = env.duration("D", default: .zero, help: "")
    #expect(length == .seconds(90))
    let mode = env.choice("C", default: Mode.keep, help: "")
    #expect(mode == .overwrite)
    #expect(env.optionalString("O", help: "") == "here")
    #expect(env.optionalDuration("OD", help: "") == .hours(1))
    #expect(env.custom("X", form: "f", default: nil, help: "") { .success($0.count) } == 3)
    #expect(env.problems.isEmpty)
  }

  @Test(arguments: [[:], ["S": "", "B": "", "I": "", "D": "", "C": "", "O": "", "OD": "", "X": ""]])
  func `what is unset or empty has its default`(variables: [String: String]) {
    var env = Environment(variables)
    #expect(env.string("S", default: "d", help: "") == "d")
    #expect(env.bool("B", default: true, help: "") == true)
    #expect(env.int("I", default: 7, in: 0...10, help: "") == 7)
    let length = env.duration("D", default: .seconds(3), help: "")
    #expect(length == .seconds(3))
    let mode = env.choice("C", default: Mode.fail, help: "")
    #expect(mode == .fail)
    #expect(env.optionalString("O", help: "") == nil)
    #expect(env.optionalDuration("OD", help: "") == nil)
    #expect(env.custom("X", form: "f", default: nil, help: "") { Environment.Parsed<Int>.failure($0) } == nil)
    #expect(env.problems.isEmpty)
  }

  @Test func `all problems are told at once and every bad setting has its default`() {
    var env = Environment([
      "B": "maybe", "I": "eleven", "J": "11", "D": "soon", "E": "2h", "C": "replace", "X": "odd",
      "BIG": "9" + .init(repeating: "9", count: 30),
    ])
    #expect(env.bool("B", default: false, help: "") == false)
    #expect(env.int("I", default: 1, in: 0...10, help: "") == 1)
    #expect(env.int("J", default: 2, in: 0...10, help: "") == 2)
    #expect(env.int("BIG", default: 3, in: 0...10, help: "") == 3)
    let length = env.duration("D", default: .seconds(1), help: "")
    #expect(length == .seconds(1))
    let other = env.duration("E", default: .seconds(2), in: .seconds(1) ... .hours(1), help: "")
    #expect(other == .seconds(2))
    let mode = env.choice("C", default: Mode.keep, help: "")
    #expect(mode == .keep)
    #expect(
      env.custom("X", form: "f", default: nil, help: "") { _ in Environment.Parsed<Int>.failure("is odd") } == nil)
    #expect(env.problems.map(\.name) == ["B", "I", "J", "BIG", "D", "E", "C", "X"])
    #expect(
      env.problems.map(\.message).filter { !$0.contains("9999") } == [
        "is «maybe», not true or false", "is «eleven», not a whole number", "is 11, outside of 0…10",
        "is «soon», not a duration such as 500ms, 30s, 5m, 1h or 7d", "is 2h, outside of 1s…1h",
        "is «replace», not keep, overwrite or fail", "is odd",
      ])
  }

  @Test(arguments: [("1", true), ("on", true), ("True", true), ("0", false), ("OFF", false), ("no", false)])
  func `truth has several words`(text: String, value: Bool) {
    var env = Environment(["B": text])
    #expect(env.bool("B", default: !value, help: "") == value)
    #expect(env.problems.isEmpty)
  }

  @Test func `each setting is declared once with all that help needs`() {
    var env = Environment([:])
    _ = env.int("I", default: 7, in: 0...10, help: "How many.")
    _ = env.choice("C", default: Mode.keep, help: "What to do.")
    let secret: String? = env.secret("S", form: "url", isRequired: true, help: "Where.") { .success($0) }
    #expect(secret == nil)
    _ = env.optionalDuration("D", help: "How long.")
    _ = env.optionalString("T", help: "What.")
    #expect(
      env.declarations == [
        SettingDeclaration(name: "I", form: "0…10", fallback: "7", help: "How many.", isClosed: true),
        SettingDeclaration(
          name: "C", form: "keep, overwrite or fail", fallback: "keep", help: "What to do.", isClosed: true),
        SettingDeclaration(name: "S", form: "url", isRequired: true, help: "Where.", isSecret: true),
        SettingDeclaration(name: "D", form: "duration", help: "How long.", isClosed: true),
        SettingDeclaration(name: "T", form: "text", help: "What."),
      ])
    #expect(env.declarations.map(\.isForEvents) == [true, true, false, true, false])
    env.reserveForInstallers("I")
    #expect(env.declarations.map(\.isForEvents) == [false, true, false, true, false])
    #expect(env.problems == [SettingProblem(name: "S", message: "is required; it reads url")])
  }
}
