import ChildProcess
import JobRuntime

/// What the program writes: lines for the log, and counts on descriptor 3.
struct ProgramOutput: ProgramReader {
  static let countsDescriptor: Int32 = 3

  private let log: Log
  private let path: String
  private var tail: OutputTail
  private var counting: Counts
  private var lines: [Int32: LineReader] = [1: LineReader(), 2: LineReader(), countsDescriptor: LineReader()]

  init(of path: String, _ log: Log) {
    (self.path, self.log) = (path, log)
    (tail, counting) = (OutputTail(log), Counts(log))
  }

  var counts: [(name: String, value: Int)] { counting.all }
  var lastLines: [String] { tail.lastLines }
  var linesLeftOut: Int { tail.leftOut }

  mutating func take(_ bytes: UnsafeRawBufferPointer, of descriptor: Int32) -> Bool {
    reading(descriptor) { reader, give in reader.take(bytes, give) }
    return true
  }

  /// Takes the text after the last line feeds.
  mutating func finish(_ end: ProgramEnd) {
    for descriptor in lines.keys.sorted() { reading(descriptor) { reader, give in reader.end(give) } }
    if end.isOutputHeld {
      log.warning("a process that the program started has left its process group and still holds its output")
    }
  }

  mutating func note(_ event: ProgramEvent) {
    switch event {
    case .started(let pid):
      log.info("started the program", ["path": .string(path), "pid": .integer(Int64(pid))])
    case .stopping: log.info("stopping the program")
    case .killing: log.warning("the program has not ended after SIGTERM; it is killed")
    }
  }

  private mutating func reading(_ descriptor: Int32, _ body: (inout LineReader, (Line) -> Void) -> Void) {
    guard var reader = lines.removeValue(forKey: descriptor) else { return }
    body(&reader) { take($0, descriptor) }
    lines[descriptor] = reader
  }

  private mutating func take(_ line: Line, _ descriptor: Int32) {
    switch descriptor {
    case Self.countsDescriptor: counting.take(line)
    default: tail.take(line, from: descriptor == 1 ? "stdout" : "stderr")
    }
  }
}
