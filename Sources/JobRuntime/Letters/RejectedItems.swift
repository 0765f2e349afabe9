import Synchronization

/// Items that failed: their number, and the first of them for the result.
final class RejectedItems: Sendable {
  struct Summary: Sendable {
    var total = 0
    var shown: [RunResult.ItemError] = []
  }

  private let state = Mutex(Summary())

  var summary: Summary { state.withLock { $0 } }

  func add(_ failures: [ItemFailure]) {
    add(failures.count) {
      failures.prefix($0).map { failure in
        // Enough to find it; the dead letter holds the whole name.
        let name = String(decoding: failure.item.utf8.prefix(200), as: UTF8.self)
        return RunResult.ItemError(item: name, kind: failure.kind.name, message: failure.message)
      }
    }
  }

  func add(_ errors: [RunResult.ItemError]) { add(errors.count) { errors.prefix($0) } }

  func add(_ others: RejectedItems) {
    let others = others.summary
    add(others.total) { others.shown.prefix($0) }
  }

  private func add(_ count: Int, _ first: (Int) -> some Sequence<RunResult.ItemError>) {
    state.withLock { summary in
      summary.total += count
      summary.shown += first(max(0, RunResult.errorsShown - summary.shown.count))
    }
  }
}
