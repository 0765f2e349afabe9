import Glibc

/// What a run, or a command, finds around itself. The process has its own (`ThisProcess`), and a test makes as many as it
/// likes: whatever runs touches nothing else.
package struct Surroundings: Sendable {
  /// The words behind the program's name.
  package var arguments: [String]
  package var environment: [String: String]
  package var host: String
  /// Who has started it, as `user@host`. Looked up when somebody asks: the system reads files for it.
  package var user: @Sendable () -> String
  package var processID: Int32
  /// The clock on the wall.
  package var now: @Sendable () -> Timestamp
  /// Takes what is said by the way: log lines, complaints. The process's stderr.
  package var terminal: Terminal
  /// Takes what was asked for: the result, help, tables. The process's stdout.
  package var output: Output
  /// Where the second copy of a result goes if no setting says.
  package var resultFile: String?
  /// Reads a line that somebody types; `nil` where nobody can be asked.
  package var readAnswer: (@Sendable () -> String?)?
  package var stop: StopRequest

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

/// Where what was asked for is written.
package struct Output: Sendable {
  /// Characters on one line of the terminal; `nil` where nobody reads along.
  package var width: @Sendable () -> Int?
  /// Writes a text whole.
  ///
  /// - Returns: 0, or the system's number of what went wrong.
  package var write: @Sendable (String) -> Int32

  package init(width: @escaping @Sendable () -> Int? = { nil }, write: @escaping @Sendable (String) -> Int32) {
    (self.width, self.write) = (width, write)
  }

  /// Writes a text that somebody asked for.
  ///
  /// - Throws: where not all of it was taken: half a document must not pass for a whole one.
  package func say(_ text: String) throws(JobFailure) {
    let problem = write(text)
    // A pager that was closed has seen what it wanted.
    guard problem != 0, problem != EPIPE else { return }
    throw JobFailure(.internal, "stdout cannot be written: \(String(cString: strerror(problem)))")
  }
}
