import Glibc
import JobRuntime

/// The operator's command: finds the command that the arguments name, reads what belongs to it, and runs it.
@main
struct Oneshot {
  @concurrent
  static func main() async {
    signal(SIGPIPE, SIG_IGN)
    switch Wish(Array(CommandLine.arguments.dropFirst())) {
    case .text(let text): Console().say(text)
    case .command(let command, let rest): exit(await run(command, rest))
    case .nothing(let wrong):
      Console().complain(
        JobFailure(.usage, "there is no command «\(wrong)»", hint: "oneshot --help lists the commands."))
      exit(FailureKind.usage.exitCode)
    }
  }

  private static func run<C: Command>(_ type: C.Type, _ words: [String]) async -> Int32 {
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
      let failure = JobFailure(forOperators: error)
      console.complain(failure)
      return failure.kind.exitCode
    }
  }
}
