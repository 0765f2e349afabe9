import Glibc

/// The environment of a run or a command.
///
/// The process has one (`ThisProcess`), and a test makes as many as it likes: a run touches nothing else.
package struct Surroundings: Sendable {
  /// The words after the program's name.
  package var arguments: [String]
  package var environment: [String: String]
  package var host: String
  /// Who has started it, as `user@host`.
  ///
  /// Looked up only when needed: the system reads files for it.
  package var user: @Sendable () -> String
  package var processID: Int32
  /// The wall clock.
  package var now: @Sendable () -> Timestamp
  /// Takes log lines and error messages.
  ///
  /// The process's stderr.
  package var terminal: Terminal
  /// Takes the output itself: the result, help, tables.
  ///
  /// The process's stdout.
  package var output: Output
  /// Where the second copy of a result goes if no setting names a file.
  package var resultFile: String?
  /// Reads a line that somebody types; `nil` where nobody is at a terminal.
  package var readAnswer: (@Sendable () -> String?)?
  package var stop: StopRequest
  /// The descriptor from which a job reads its rows: the process's stdin.
  ///
  /// Without one it cannot be read.
  package var input: Int32 = -1

  package init(
    arguments: [String] = [], environment: [String: String], host: String,
    user: @autoclosure @escaping @Sendable () -> String, processID: Int32,
    now: @escaping @Sendable () -> Timestamp, terminal: Terminal, output: Output, resultFile: String? = nil,
    readAnswer: (@Sendable () -> String?)? = nil, stop: StopRequest = StopRequest()
  ) {
    self.arguments = arguments
    self.environment = environment
    self.host = host
    self.user = user
    self.processID = processID
    self.now = now
    self.terminal = terminal
    self.output = output
    self.resultFile = resultFile
    self.readAnswer = readAnswer
    self.stop = stop
  }
}

/// Where the output is written.
package struct Output: Sendable {
  /// Characters on one line of the terminal; `nil` where the output is not a terminal.
  package var width: @Sendable () -> Int?
  /// Writes a whole text.
  ///
  /// - Returns: 0, or the system's error number.
  package var write: @Sendable (String) -> Int32

  package init(width: @escaping @Sendable () -> Int? = { nil }, write: @escaping @Sendable (String) -> Int32) {
    (self.width, self.write) = (width, write)
  }

  /// Writes a text to the output.
  ///
  /// - Throws: where not all of it was written: half a document must not pass for a whole one.
  package func say(_ text: String) throws(JobFailure) {
    let problem = write(text)
    // A pager that was closed has shown what its reader wanted.
    guard problem != 0, problem != EPIPE else { return }
    throw JobFailure(.internal, "stdout cannot be written: \(String(cString: strerror(problem)))")
  }
}
