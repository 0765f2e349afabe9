import Glibc
import JobRuntime
import Operations

/// Where a command writes, and whom it can ask.
struct Console: Sendable {
  /// Whether a person reads along: tables are cut to the width of the terminal, and questions are asked.
  let isTerminal = isatty(STDOUT_FILENO) == 1
  /// The moment at which the command was started, for ages.
  let now = wallClock()
  private let redactor: Redactor

  /// - Parameter secrets: what must not appear in a complaint: servers may repeat it.
  init(secrets: [String] = []) { redactor = Redactor(secrets) }

  /// Characters on one line of the terminal; `nil` where nobody reads along.
  var width: Int? {
    var size = winsize()
    guard isTerminal, ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
    return Int(size.ws_col)
  }

  /// Writes to stdout. A disk that is full ends the command: half a document must not pass for a whole one.
  func say(_ text: String) {
    // A pager that was closed has seen what it wanted.
    guard !writeAll(text, to: STDOUT_FILENO), errno != EPIPE else { return }
    complain(JobFailure(.internal, "stdout cannot be written: \(String(cString: strerror(errno)))"))
    exit(FailureKind.internal.exitCode)
  }

  /// Writes a document for programs, on one line.
  func say(_ json: JSON) { say(printable(json) + "\n") }

  /// Writes a remark to stderr, so that what is said stays what it is.
  func note(_ text: String) { writeAll(printable(text) + "\n", to: STDERR_FILENO) }

  /// Writes what went wrong, and what to do, to stderr.
  func complain(_ failure: JobFailure) {
    let text = "oneshot: \(failure.message)\n" + (failure.hint.map { "  \($0)\n" } ?? "")
    // Servers repeat what they were sent, and that may be anybody's.
    writeAll(printable(redactor.redact(text), keepingLines: true), to: STDERR_FILENO)
  }

  /// The same failure without secrets, for what is not a complaint.
  func redacted(_ failure: JobFailure) -> JobFailure {
    JobFailure(failure.kind, redactor.redact(failure.message), hint: failure.hint.map(redactor.redact))
  }

  /// Asks a question that is answered with `y` or `yes`; whatever else is a no.
  ///
  /// - Returns: `nil` where nobody can be asked.
  func confirms(_ question: String) -> Bool? {
    guard isatty(STDIN_FILENO) == 1 else { return nil }
    writeAll("\(question) [y/N] ", to: STDERR_FILENO)
    return ["y", "yes"].contains(readLine()?.lowercased() ?? "")
  }
}
