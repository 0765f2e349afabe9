import BlockingIO
import CChild
import Glibc
import JobRuntime

/// A program from its start to its end, with its process group.
///
/// All of it happens on one thread, which lives as long as the program: the kernel kills the program when that thread
/// ends, however it does. A keeper, the group's first process, kills the rest of the group then.
final class ProgramCourse: Sendable {
  struct Outcome: Sendable {
    var ending: Ending
    var counts: [(name: String, value: Int)] = []
    var lastLines: [String] = []
    var linesLeftOut = 0
  }

  enum Ending: Sendable, Equatable {
    case exited(Int32)
    case killed(Int32)
    /// With the `errno` of what could not be done.
    case notStarted(Int32)
  }

  private let path: String
  private let arguments: [String]
  private let environment: [String]
  private let log: Log
  private let stopping = Pipe()

  init(_ path: String, _ arguments: [String], _ environment: [String: String], _ log: Log) {
    (self.path, self.arguments, self.log) = (path, arguments, log)
    self.environment = environment.map { "\($0.key)=\($0.value)" }
  }

  /// Runs the program. Once the task is cancelled it has some seconds to end, and is then killed.
  func outcome() async -> Outcome {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        SideThread(label: "program").start { [self] in continuation.resume(returning: work()) }
      }
    } onCancel: {
      stopping?.signal()
    }
  }

  /// What a shell calls a signal.
  static func name(of signal: Int32) -> String {
    guard let name = oneshot_signal_name(signal) else { return "signal \(signal)" }
    return "SIG\(String(cString: name))"
  }

  private func work() -> Outcome {
    guard let stopping, let rope = Pipe(), let output = Pipe(), let errors = Pipe(), let counts = Pipe() else {
      return Outcome(ending: .notStarted(errno))
    }
    let keeper = oneshot_start_keeper(rope.reading)
    guard keeper > 0 else { return Outcome(ending: .notStarted(-keeper)) }
    let program = withCStrings(arguments) { arguments in
      withCStrings(environment) { environment in
        oneshot_start_program(path, arguments, environment, keeper, output.writing, errors.writing, counts.writing)
      }
    }
    for pipe in [output, errors, counts] { pipe.closeWriting() }
    guard program > 0 else {
      kill(-keeper, SIGKILL)
      waitpid(keeper, nil, 0)
      return Outcome(ending: .notStarted(-program))
    }
    log.info("started the program", ["path": .string(path), "pid": .integer(Int64(program))])
    var watch = ProgramWatch(program: program, group: keeper, log)
    return withExtendedLifetime(rope) { watch.untilEnd(stopping, output, errors, counts) }
  }

  /// Lends texts as C takes a list of them: with a null behind the last.
  private func withCStrings<Value>(
    _ texts: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Value
  ) -> Value {
    let list = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: texts.count + 1)
    for (index, text) in texts.enumerated() { list[index] = strdup(text) }
    list[texts.count] = nil
    defer {
      for index in texts.indices { free(list[index]) }
      list.deallocate()
    }
    return body(list)
  }
}
