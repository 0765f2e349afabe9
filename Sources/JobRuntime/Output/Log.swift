import Glibc
import Synchronization

/// Log lines on stderr: one JSON object each, or text for people.
public struct Log: Sendable {
  /// How much a line matters; `JOB_LOG_LEVEL` is the least that is shown.
  package enum Level: String, Sendable, CaseIterable, Comparable {
    case debug, info, warning, error

    /// Orders levels from `debug` to `error`.
    package static func < (left: Level, right: Level) -> Bool {
      allCases.firstIndex(of: left) ?? 0 < allCases.firstIndex(of: right) ?? 0
    }
  }

  /// JSON or text; `auto` is text where stderr is a terminal.
  package enum Format: String, Sendable, CaseIterable {
    case auto, json, text
  }

  private let terminal: Terminal
  private let isText: Bool
  private let level: Level
  private let job: String
  private let runID: String
  private let redactor: Redactor
  private let now: @Sendable () -> Timestamp

  init(
    to terminal: Terminal, format: Format, level: Level, job: String, runID: String, redactor: Redactor,
    now: @escaping @Sendable () -> Timestamp
  ) {
    self.terminal = terminal
    self.level = level
    self.job = job
    self.runID = runID
    self.redactor = redactor
    self.now = now
    isText = format == .text || (format == .auto && terminal.isTerminal)
  }

  /// Logs what helps whoever examines the job; shown with `JOB_LOG_LEVEL=debug`.
  public func debug(_ message: String, _ facts: JSON = [:]) { write(.debug, message, facts) }
  /// Logs a step of an ordinary run.
  public func info(_ message: String, _ facts: JSON = [:]) { write(.info, message, facts) }
  /// Logs what somebody should look at although the run goes on.
  public func warning(_ message: String, _ facts: JSON = [:]) { write(.warning, message, facts) }
  /// Logs what makes the run fail.
  public func error(_ message: String, _ facts: JSON = [:]) { write(.error, message, facts) }

  private func write(_ level: Level, _ message: String, _ facts: JSON) {
    guard level >= self.level else { return }
    // Redacted before it is written as JSON: escapes would hide a secret that contains quotes or backslashes.
    guard case .object(let members) = redactor.redact(facts) else { return }
    if isText {
      let time = now().rfc3339.prefix(19).suffix(8)
      let tail = members.map { " \($0.key)=\($0.value.text)" }.joined()
      terminal.writeLine("\(time) \(level.rawValue.uppercased()) \(printable(redactor.redact(message + tail)))")
    } else {
      let head: JSON = [
        "time": .string(now().rfc3339), "level": .string(level.rawValue), "job": .string(job),
        "run_id": .string(runID), "message": .string(message),
      ]
      guard case .object(let first) = head else { return }
      terminal.writeLine(printable(redactor.redact(JSON.object(first + members))))
    }
  }

  /// A text without secrets, before any of it is cut off: half a secret would not be found.
  package func redacted(_ text: String) -> String { redactor.redact(text) }

  /// A result without secrets, for the ledger: not everybody who may read it may know them.
  func redacted(_ result: RunResult) -> RunResult { redactor.redact(result) }

  /// A failed item whose message has no secrets, for the dead letters.
  ///
  /// Its name stays as it is, so that it can be found.
  func redacted(_ failure: ItemFailure) -> ItemFailure {
    var failure = failure
    failure.message = redactor.redact(failure.message)
    return failure
  }

  /// Shows how far the work is, on one line that is overwritten each time.
  ///
  /// Only on a terminal.
  ///
  /// - Parameter total: the final value of `done`, where that is known; it may be an estimate.
  public func progress(_ what: String, _ done: Int, of total: Int? = nil) {
    guard terminal.isTerminal, isText else { return }
    let share = total.map { " of about \($0)" } ?? ""
    terminal.showProgress("\(job): \(what) \(done)\(share)")
  }
}

/// Where log lines go: stderr.
///
/// Log lines and the progress line do not overwrite each other.
package final class Terminal: Sendable {
  private struct State {
    var hasProgress = false
    var lastShown: ContinuousClock.Instant?
  }

  package let isTerminal: Bool
  /// Writes a text unchanged, or loses it.
  package let write: @Sendable (String) -> Void
  private let state = Mutex(State())

  package init(isTerminal: Bool, _ write: @escaping @Sendable (String) -> Void) {
    (self.isTerminal, self.write) = (isTerminal, write)
  }

  package convenience init(descriptor: CInt) {
    self.init(isTerminal: isatty(descriptor) == 1) { writeAll($0, to: descriptor) }
  }

  package func writeLine(_ line: String) {
    state.withLock { state in
      write((state.hasProgress ? "\r\u{1B}[K" : "") + line + "\n")
      state.hasProgress = false
    }
  }

  func showProgress(_ line: String) {
    state.withLock { state in
      let now = ContinuousClock.now
      if let last = state.lastShown, now - last < .milliseconds(100) { return }
      state.lastShown = now
      state.hasProgress = true
      write("\r\u{1B}[K" + line)
    }
  }

  func clearProgress() {
    state.withLock { state in
      if state.hasProgress { write("\r\u{1B}[K") }
      state.hasProgress = false
    }
  }
}

/// Writes a whole text, as far as the descriptor takes it.
/// - Returns: whether all of it was taken.
@discardableResult
package func writeAll(_ text: String, to descriptor: CInt) -> Bool {
  var text = text
  return text.withUTF8 { bytes in
    var rest = UnsafeRawBufferPointer(bytes)
    while !rest.isEmpty {
      let count = write(descriptor, rest.baseAddress, rest.count)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return false }
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
    return true
  }
}
