import JobRuntime

/// One command of `oneshot`: its name, its arguments, and what it does.
protocol Command: Sendable {
  /// The servers that it contacts.
  associatedtype Needs: CommandServers

  /// The words that call it: `runs`, or `dead-letters list`.
  static var name: String { get }

  /// What it does, in one line.
  static var summary: String { get }

  /// What else to know before using it: paragraphs for `--help` and the man page.
  static var discussion: String { get }

  /// Reads every argument and every setting but those of servers, once, through readers which keep track of all mistakes.
  init(from arguments: inout Arguments, _ env: inout Environment)

  /// Runs the command.
  ///
  /// - Returns: the process's exit code.
  func run(_ console: Console, on servers: Needs) async throws -> Int32
}

extension Command {
  static var discussion: String { "" }
}

/// What a command declares, found by reading empty arguments.
struct CommandDeclaration: Sendable {
  var name: String
  var summary: String
  var discussion: String
  var options: [OptionDeclaration]
  var operands: [OperandDeclaration]
  var settings: [SettingDeclaration]

  init<C: Command>(of command: C.Type) {
    var (arguments, env) = (Arguments(), Environment([:]))
    _ = C(from: &arguments, &env)
    _ = C.Needs(from: &env)
    (name, summary, discussion) = (C.name, C.summary, C.discussion)
    (options, operands, settings) = (arguments.options, arguments.operands, env.declarations)
  }

  /// The command and what may follow it, on one line.
  var usage: String {
    let operands = operands.map { operand in
      let word = operand.value.placeholder + (operand.isRepeated ? " …" : "")
      return operand.isOptional ? " [\(word)]" : " " + word
    }.joined()
    return "oneshot \(name)\(operands)" + options.map { " [\($0.text)]" }.joined()
  }
}

/// Every command, in the order in which help lists them.
enum Commands {
  static let all: [any Command.Type] = [
    Health.self, Runs.self, ShowRun.self, Locks.self, Unlock.self, Pause.self, Resume.self,
    RunNow.self, SnoozeTrouble.self, UnsnoozeTrouble.self, Explain.self,
    Check.self, Grants.self, AfterRestore.self, ListDeadLetters.self, ShowDeadLetter.self, ReplayDeadLetters.self,
    DiscardDeadLetters.self,
    ListEvents.self, ShowEvent.self,
    ListReviews.self, ShowReview.self, ApproveReview.self, RejectReview.self, ListDeliveries.self, ShowDelivery.self,
    ChangeDelivery<HoldDelivery>.self, ChangeDelivery<ReleaseDelivery>.self, ChangeDelivery<CancelDelivery>.self,
    ChangeDelivery<ResendDelivery>.self, ListSuppressions.self, AddSuppression.self, RemoveSuppression.self,
    Migrate.self, Completion.self,
    Manual.self,
  ]

  static let declarations = all.map { CommandDeclaration(of: $0) }

  /// The command that the words begin with, and the words after its name.
  static func find(in words: [String]) -> (command: any Command.Type, rest: [String])? {
    for command in all {
      let name = command.name.split(separator: " ").map(String.init)
      if words.starts(with: name) { return (command, Array(words.dropFirst(name.count))) }
    }
    return nil
  }
}
