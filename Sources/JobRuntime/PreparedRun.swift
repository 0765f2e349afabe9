import BlockingIO

/// A run that is ready and has contacted nothing yet; or one that is refused, and only has to report that.
struct PreparedRun: Sendable {
  /// How long it may take, from now; `nil` for one that is refused.
  let timeout: Duration?
  /// Reports how it ended.
  let delivery: ResultDelivery
  private let work: @Sendable () async -> RunResult
  /// The result when the process has to end although the work goes on.
  let lastWord: @Sendable (LastWord) -> RunResult

  /// Why the process does not wait for the run's end.
  enum LastWord: Sendable {
    case signal, deadline
  }

  init(_ refused: RunResult, _ delivery: ResultDelivery) {
    timeout = nil
    self.delivery = delivery
    work = { refused }
    lastWord = { _ in refused }
  }

  init<J: Job>(of runner: JobRunner<J>, isCheck: Bool, _ delivery: ResultDelivery) {
    timeout = runner.settings.timeout
    self.delivery = delivery
    lastWord = { runner.lastWord($0) }
    work = {
      let task = Task { isCheck ? await runner.check() : await runner.run() }
      let stop = { @Sendable in
        task.cancel()
        // On another thread: the log may block on a reader that is stuck.
        SideThread(label: "log").start { runner.log.info("received a stop request; stopping at the next safe point") }
      }
      return await runner.surroundings.stop.answered(by: stop) {
        await withTaskCancellationHandler {
          await task.value
        } onCancel: {
          task.cancel()
        }
      }
    }
  }

  /// Does the work.
  func result() async -> RunResult { await work() }
}
