import BlockingIO
import ChildProcess
import JobRuntime
import Synchronization

/// A program that prints the rows.
///
/// Its exit code says whether its output is complete, and it can be started again.
final class CommandSource: Source {
  private struct Course {
    var queue: Handoff<[UInt8]>
    var task: Task<Void, Never>
    var end: (ProgramEnd, ProgramLines)?
  }

  private let program: Program
  private let word: String
  private let log: Log
  private let course = Mutex<Course?>(nil)

  /// Errors: `JobFailure` where there is no such program.
  init(_ command: [String], _ settings: StageTable.Settings, _ run: JobRun) throws {
    word = command[0]
    log = run.log
    let window = settings.window(of: run.scheduledAt)
    let facts = [
      "ONESHOT_SCHEDULED_AT": run.scheduledAt.rfc3339, "ONESHOT_WINDOW_START": window?.start.rfc3339 ?? "",
      "ONESHOT_WINDOW_END": window?.end.rfc3339 ?? "",
    ]
    program = Program(
      path: try Self.find(word, settings), arguments: command, environment: settings.environment.merging(facts) { $1 })
  }

  static func find(_ word: String, _ settings: StageTable.Settings) throws -> String {
    do throws(ProgramPath.Problem) { return try ProgramPath.find(word, in: settings.environment["PATH"]) } catch {
      throw JobFailure(
        .misconfigured, "STAGE_COMMAND: \(error)", hint: "The image that runs the job has to contain it.")
    }
  }

  /// Lends it; the program has ended when this returns.
  func lent<Value>(to body: (any Source) async throws -> Value) async throws -> Value {
    let result: Result<Value, any Error>
    do {
      result = .success(
        try await withTaskCancellationHandler {
          try await body(self)
        } onCancel: {
          stop(CancellationError())
        })
    } catch { result = .failure(error) }
    stop(nil)
    await course.withLock { $0?.task }?.value
    return try result.get()
  }

  func begin() throws {
    stop(nil)
    let queue = Handoff<[UInt8]>(capacity: 8)
    let task = Task { [program, self] in
      let (end, lines) = await program.run(ProgramLines(queue))
      course.withLock { if $0?.queue === queue { $0?.end = (end, lines) } }
      queue.finish()
    }
    course.withLock { $0 = Course(queue: queue, task: task) }
  }

  func next() throws -> [UInt8] { try course.withLock { $0?.queue }?.next() ?? [] }

  func conclude(_ marker: EndMarker, bytes: Int) throws {
    guard let (end, lines) = course.withLock({ $0?.end }) else {
      throw JobFailure(.internal, "the output of \(word) has ended, and the program has not")
    }
    guard !end.isSuccess else { return }
    for line in lines.last { log.warning("STAGE_COMMAND said", ["stderr": .string(line)]) }
    let what =
      switch end.kind {
      case .exited(0): "left its output to a process that has not ended"
      case .exited(let code): "ended with exit code \(code)"
      case .killed(let signal): "was killed by \(ProgramEnd.name(of: signal))"
      case .notStarted(let problem): "could not be started (errno \(problem))"
      }
    throw JobFailure(
      .unavailable, "the producer did not finish: \(word) \(what), after \(bytes) bytes",
      hint: "Nothing was written. The log has its output.")
  }

  /// Stops the program, if one runs.
  ///
  /// Its reader finds the queue closed.
  private func stop(_ failure: (any Error)?) {
    let running = course.withLock { course in
      course.map { ($0.queue, $0.task) }
    }
    guard let (queue, task) = running else { return }
    if let failure { queue.finish(throwing: failure) }
    queue.close()
    task.cancel()
  }
}

/// Takes a program's rows, and the end of what it says on stderr.
struct ProgramLines: ProgramReader {
  private let queue: Handoff<[UInt8]>
  private var errors: [UInt8] = []
  private static let kept = 4096

  init(_ queue: Handoff<[UInt8]>) { self.queue = queue }

  mutating func take(_ bytes: UnsafeRawBufferPointer, of descriptor: Int32) -> Bool {
    if descriptor == 2 {
      errors += bytes.suffix(Self.kept)
      errors.removeFirst(max(0, errors.count - Self.kept))
      return true
    }
    do { try queue.send(Array(bytes)) } catch { return false }
    return true
  }

  /// The last lines on stderr.
  var last: [String] {
    errors.split(separator: UInt8(ascii: "\n")).suffix(5).map { String(decoding: $0, as: UTF8.self) }
  }
}
