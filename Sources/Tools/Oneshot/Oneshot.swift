import JobRuntime

/// The operator's command: finds the command that the arguments name, reads what belongs to it, and runs it.
@main
struct Oneshot {
  @concurrent
  static func main() async {
    ThisProcess.prepare()
    ThisProcess.end(await run(in: ThisProcess.surroundings))
  }

  /// Runs the command that the arguments request.
  ///
  /// - Returns: the exit code.
  static func run(in surroundings: Surroundings) async -> Int32 {
    let console = Console(in: surroundings)
    do {
      switch ParsedCommandLine(surroundings.arguments) {
      case .text(let text):
        try console.say(text)
        return 0
      case .command(let command, let rest): return await run(command, rest, in: surroundings)
      case .unknownCommand(let wrong):
        throw JobFailure(.usage, "there is no command «\(wrong)»", hint: "oneshot --help lists the commands.")
      }
    } catch {
      return console.complain(of: error)
    }
  }

  private static func run<C: Command>(_ type: C.Type, _ words: [String], in surroundings: Surroundings) async -> Int32 {
    var arguments = Arguments(words)
    var env = Environment(surroundings.environment)
    let command = C(from: &arguments, &env)
    let servers = C.Needs(from: &env)
    arguments.end()
    let console = Console(in: surroundings, secrets: env.secrets)
    let problems =
      arguments.problems.map { JobFailure(.usage, $0, hint: "oneshot \(C.name) --help lists what can be given.") }
      + env.problems.map {
        JobFailure(
          .misconfigured, "\($0.name) \($0.message)", hint: "oneshot \(C.name) --help lists the settings.")
      }
    guard problems.isEmpty, let servers else {
      problems.forEach(console.complain)
      return (problems.first?.kind ?? .misconfigured).exitCode
    }
    do {
      return try await command.run(console, on: servers)
    } catch {
      return console.complain(of: error)
    }
  }
}
