import JobRuntime
import Operations
import Postgres
import Synchronization

/// How far a server's clock is ahead of this host's.
private final class ServerClock: Sendable {
  let ahead = Mutex(Duration.zero)
}

/// Where a command writes, and how it asks the user.
struct Console: Sendable {
  /// The moment at which the command was started, for ages: by the database's clock, once it is known.
  ///
  /// Runs' times are compared with that one, and the clock of whoever types may be wrong.
  var now: Timestamp { started + clock.ahead.withLock { $0 } }
  private let started: Timestamp
  private let clock = ServerClock()
  private let surroundings: Surroundings
  private let redactor: Redactor

  /// - Parameter secrets: texts that must not appear in anything that is written.
  init(in surroundings: Surroundings, secrets: [String] = []) {
    (self.surroundings, started, redactor) = (surroundings, surroundings.now(), Redactor(secrets))
  }

  /// Goes by the clock of a server, which says that it is this moment.
  func follow(_ moment: Timestamp) {
    let ahead = moment - surroundings.now()
    clock.ahead.withLock { $0 = ahead }
  }

  /// The user at the terminal, as `user@host`.
  var user: String { surroundings.user() }

  /// Characters on one line of the terminal, to which tables are cut; `nil` where the output is not a terminal.
  var width: Int? { surroundings.output.width() }

  /// Writes to stdout, without secrets: a message in the ledger may repeat what was sent to a server.
  func say(_ text: String) throws(JobFailure) { try surroundings.output.say(redactor.redact(text)) }

  /// Writes a document for programs, on one line.
  func say(_ json: JSON) throws(JobFailure) { try surroundings.output.say(printable(redactor.redact(json)) + "\n") }

  /// Writes a remark to stderr, so that stdout holds only the output itself.
  func note(_ text: String) { surroundings.terminal.writeLine(printable(text)) }

  /// The same for a server's notice, which may contain a secret.
  func note(_ notice: Notice) {
    note(redactor.redact(notice.message + (notice.hint.map { "; \($0)" } ?? "")))
  }

  /// Writes what went wrong, and what to do, to stderr.
  func complain(_ failure: JobFailure) {
    let text = "oneshot: \(failure.message)" + (failure.hint.map { "\n  \($0)" } ?? "")
    // Servers repeat what was sent to them, and that may contain anything.
    surroundings.terminal.writeLine(printable(redactor.redact(text), keepingLines: true))
  }

  /// The same for any error.
  ///
  /// - Returns: the exit code that stands for it.
  func complain(of error: any Error) -> Int32 {
    let failure = JobFailure(forOperators: error)
    complain(failure)
    return failure.kind.exitCode
  }

  /// The same failure without secrets, for other uses than an error message.
  func redacted(_ failure: JobFailure) -> JobFailure {
    JobFailure(failure.kind, redactor.redact(failure.message), hint: failure.hint.map(redactor.redact))
  }

  /// Asks a question that is answered with `y` or `yes`; anything else is a no.
  ///
  /// - Returns: `nil` where stdin is not a terminal.
  func confirms(_ question: String) -> Bool? {
    guard let readAnswer = surroundings.readAnswer else { return nil }
    surroundings.terminal.write("\(question) [y/N] ")
    return ["y", "yes"].contains(readAnswer()?.lowercased() ?? "")
  }
}
