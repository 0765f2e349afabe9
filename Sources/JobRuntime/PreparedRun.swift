import BlockingIO

/// A run that is put together and has contacted nothing yet; or one that is refused, and only has to say so.
struct PreparedRun: Sendable {
  /// How long it may take, from now; `nil` for one that is refused.
  let timeout: Duration?
  /// Reports how it ended.
  let delivery: ResultDelivery
  private let work: @Sendable () async -> RunResult
  /// What is true when the process has to end although the work goes on.
  let lastWord: @Sendable (LastWord) -> RunResult

  /// Why a run's end is not waited for.
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
        // Elsewhere: the log may stand still behind a reader that is stuck.
        SideThread(label: "log").start { runner.log.info("asked to stop; stopping at the next safe point") }
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
