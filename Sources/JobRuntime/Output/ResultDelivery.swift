import BlockingIO
import Synchronization

/// Delivers the result of a run to its surroundings: once, even if several paths end the run.
final class ResultDelivery: Sendable {
  private let redactor: Redactor
  private let log: Log
  private let terminal: Terminal
  private let output: Output
  /// Where the second copy goes, if there is one.
  private let path: String?
  private let delivered = Mutex<Int32?>(nil)

  init(to surroundings: Surroundings, path: String?, log: Log, redactor: Redactor) {
    (terminal, output) = (surroundings.terminal, surroundings.output)
    self.path = path ?? surroundings.resultFile
    self.log = log
    self.redactor = redactor
  }

  /// Says why a run failed in the log, prints the result as one line, and writes its second copy.
  ///
  /// - Returns: the exit code of the delivered result: the first one. A second caller waits until that is written, and
  ///   delivers nothing.
  @discardableResult
  func deliver(_ result: RunResult) -> Int32 {
    delivered.withLock { delivered in
      if let delivered { return delivered }
      saying("the log") { [log, terminal] in
        terminal.clearProgress()
        if let failure = result.error { log.error(failure.message, failure.hint.map { ["hint": .string($0)] } ?? [:]) }
      }
      let result = redactor.redact(result)
      if output.write(result.line + "\n") != 0 {
        saying("a warning") { [log] in
          log.warning("the result could not be written to stdout; the exit code is still valid")
        }
      }
      if let path {
        saying("the result's copy") { [log] in
          if let problem = ResultFile.write(result.json(atMost: ResultFile.limit), to: path) {
            log.warning("the second copy of the result could not be written", ["error": .string(problem)])
          }
        }
      }
      delivered = result.exitCode
      return result.exitCode
    }
  }

  /// Writes to a place whose reader may be stuck (a full pipe, a hung file system), and continues after a limit.
  private func saying(_ what: String, _ work: @escaping @Sendable () -> Void) {
    SideThread(label: what).run(blockingAtMost: StopLimits.stuckWriter, work)
  }
}
