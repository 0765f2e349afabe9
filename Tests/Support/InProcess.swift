import Glibc
package import JobRuntime
import Synchronization

/// What a run in the tests' own process is given, and what it says.
package struct InProcess: Sendable {
  package var surroundings: Surroundings
  private let heard = Heard()

  /// - Parameters:
  ///   - environment: all that the run is told.
  ///   - now: the clock's moment, which stands still; by default that of the servers.
  package init(
    _ arguments: [String] = [], _ environment: [String: String],
    now: Timestamp = Timestamp(seconds: Int64(time(nil)))
  ) {
    let heard = heard
    surroundings = Surroundings(
      arguments: arguments, environment: environment, host: "host", user: "user@host", processID: 1, now: { now },
      terminal: Terminal(isTerminal: false) { text in heard.log.withLock { $0 += text } },
      output: Output { text in
        heard.output.withLock { $0 += text }
        return 0
      })
  }

  /// What it said to stdout.
  package var output: String { heard.output.withLock(\.self) }

  /// What it said to stderr, by lines.
  package var log: [String] { heard.log.withLock(\.self).split(separator: "\n").map(String.init) }

  /// Does a run of a job in this process: what its binary would have left.
  package func outcome<J: Job>(of job: J.Type) async -> Binary.Outcome {
    let answer = await Invocation<J>(surroundings).answer()
    let exitCode = if case .result(let result) = answer { result.exitCode } else { Int32(0) }
    return Binary.Outcome(exitCode: exitCode, output: output, errors: log.joined(separator: "\n"))
  }

  private final class Heard: Sendable {
    let output = Mutex("")
    let log = Mutex("")
  }
}
