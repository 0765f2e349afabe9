import Glibc
import JobRuntime

/// The operator's command: finds the command that the arguments name, reads what belongs to it, and runs it.
@main
struct Oneshot {
  @concurrent
  static func main() async {
    signal(SIGPIPE, SIG_IGN)
    let words = Array(CommandLine.arguments.dropFirst())
    switch words {
    case [], ["--help"]: Console().say(CommandHelp.overview())
    case ["--version"]: Console().say("oneshot \(oneshotVersion)\n")
    default:
      if let (command, rest) = Commands.find(in: words) { exit(await run(command, rest)) }
      let group = Commands.declarations.filter { $0.name.hasPrefix("\(words[0]) ") }
      if !group.isEmpty, words.count == 1 || words[1...] == ["--help"] {
        Console().say(CommandHelp.overview(of: group))
      } else {
        let wrong = words.prefix(group.isEmpty ? 1 : 2).joined(separator: " ")
        Console().complain(
          JobFailure(.usage, "there is no command «\(wrong)»", hint: "oneshot --help lists the commands."))
        exit(FailureKind.usage.exitCode)
      }
    }
  }

  private static func run<C: Command>(_ type: C.Type, _ words: [String]) async -> Int32 {
    if words == ["--help"] {
      Console().say(CommandHelp.text(of: CommandDeclaration(of: type)))
      return 0
    }
    var arguments = Arguments(words)
    var env = Environment(processEnvironment())
    let command = C(from: &arguments, &env)
    arguments.end()
    let console = Console(secrets: env.secrets)
    let problems =
      arguments.problems.map { JobFailure(.usage, $0, hint: "oneshot \(C.name) --help lists what can be given.") }
      + env.problems.map {
        JobFailure(
          .misconfigured, "\($0.name) \($0.message)", hint: "oneshot \(C.name) --help lists the settings.")
      }
    if let first = problems.first {
      problems.forEach(console.complain)
      return first.kind.exitCode
    }
    do {
      return try await command.run(console)
    } catch {
      let failure = JobFailure(classifying: error)
      console.complain(failure)
      return failure.kind.exitCode
    }
  }
}
