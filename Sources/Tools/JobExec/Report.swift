import ChildProcess
import JobRuntime

extension JobExec {
  /// What the program counted, how it ended and what it said last.
  struct Report: JobReport {
    private var counts: [(name: String, value: Int)] = []
    private var details: [(String, JSON)]
    /// Whether the program says that some of its items failed (65).
    var exceedsBudget = false

    /// Of a run that starts nothing.
    init(wouldRun command: [String]) { details = [("would_run", .array(command.map { .string($0) }))] }

    init(_ path: String, _ end: ProgramEnd, _ output: ProgramOutput) {
      counts = output.counts
      var facts: [(String, JSON)] = [("path", .string(path))]
      switch end.kind {
      case .exited(let code): facts.append(("exit_code", .integer(Int64(code))))
      case .killed(let signal): facts.append(("signal", .string(ProgramEnd.name(of: signal))))
      case .notStarted: break
      }
      if output.linesLeftOut > 0 { facts.append(("lines_not_logged", .integer(Int64(output.linesLeftOut)))) }
      details = [("program", JSON(members: facts)), ("last_lines", .array(output.lastLines.map { .string($0) }))]
    }

    var itemsProcessed: Int { count("items_processed") }
    var behind: Int { count("behind") }

    private func count(_ name: String) -> Int { counts.first { $0.name == name }?.value ?? 0 }

    func encode(to encoder: any Encoder) throws {
      try JSON(members: counts.map { ($0.name, .integer(Int64($0.value))) } + details).encode(to: encoder)
    }
  }
}
