import BlockingIO
import CChild
import Glibc

extension Program {
  /// Runs the program, on a thread that lives as long as the program.
  ///
  /// Once the task is cancelled, the program is stopped.
  ///
  /// - Returns: how it ended, and the reader with what it has taken. The program is reaped then, and what is left of its
  ///   process group is killed.
  public func run<Reader: ProgramReader>(_ reader: Reader) async -> (end: ProgramEnd, reader: Reader) {
    let stop = ProgramStop()
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        SideThread(label: "program").start { continuation.resume(returning: runBlocking(reader, stop)) }
      }
    } onCancel: {
      stop.request()
    }
  }

  /// Runs the program on the calling thread: the kernel kills the program when that thread ends, for whatever reason.
  ///
  /// A keeper, the first process of the program's group, kills the rest of the group then.
  package func runBlocking<Reader: ProgramReader>(
    _ reader: Reader, _ stop: ProgramStop
  ) -> (end: ProgramEnd, reader: Reader) {
    guard let stopping = stop.pipe, let rope = Pipe() else { return (ProgramEnd(.notStarted(errno)), reader) }
    var pipes: [(descriptor: Int32, pipe: Pipe)] = []
    for descriptor in read {
      guard let pipe = Pipe() else { return (ProgramEnd(.notStarted(errno)), reader) }
      pipes.append((descriptor, pipe))
    }
    let keeper = oneshot_start_keeper(rope.reading)
    guard keeper > 0 else { return (ProgramEnd(.notStarted(-keeper)), reader) }
    let number = start(in: keeper, pipes)
    for (_, pipe) in pipes { pipe.closeWriting() }
    guard number > 0 else {
      kill(-keeper, SIGKILL)
      waitpid(keeper, nil, 0)
      return (ProgramEnd(.notStarted(-number)), reader)
    }
    var watch = ProgramWatch(self, number, keeper: keeper, reader)
    return withExtendedLifetime(rope) { watch.untilEnd(stopping, pipes) }
  }

  /// - Returns: the number of the process, or a negative `errno`.
  private func start(in group: pid_t, _ pipes: [(descriptor: Int32, pipe: Pipe)]) -> pid_t {
    let given = lent.merging(pipes.map { ($0.descriptor, $0.pipe.writing) }) { $1 }
    let places = (0...max(2, given.keys.max() ?? 2)).map { given[$0] ?? -1 }
    return withCStrings(arguments, GivenTexts(CommandLine.unsafeArgv)) { arguments in
      withCStrings(environment.map { "\($0.key)=\($0.value)" }, GivenTexts(environ)) { environment in
        oneshot_start_program(path, arguments, environment, folder, group, places, Int32(places.count))
      }
    }
  }

  /// Lends texts as C takes a list of them: with a null behind the last.
  private func withCStrings<Value>(
    _ texts: [String], _ given: GivenTexts, _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Value
  ) -> Value {
    var given = given
    let list = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: texts.count + 1)
    for (index, text) in texts.enumerated() { list[index] = given.copy(of: text) }
    list[texts.count] = nil
    defer {
      for index in texts.indices { free(list[index]) }
      list.deallocate()
    }
    return body(list)
  }
}

extension ProgramEnd {
  /// What a shell calls a signal.
  public static func name(of signal: Int32) -> String {
    guard let name = oneshot_signal_name(signal) else { return "signal \(signal)" }
    return "SIG\(String(cString: name))"
  }
}
