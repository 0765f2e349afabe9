import Postgres
import Synchronization

/// What is known about a run while it goes on.
final class RunRecord: Sendable {
  private struct State {
    var window: Window?
    var counted: (counts: JSON, details: JSON) = ([:], [:])
    var itemsProcessed = 0
    var countsAreMetrics = false
    var oldestSeconds: Double?
    var behind = 0
    var parts: PartsInUse?
    var opening: (fence: Int64, attempt: Int)?
    var isClosed = false
    var ending: RunResult?
    var replayed: Replay.Tally?
    var rejectedByReplay: Set<ExactName> = []
  }

  private let state = Mutex(State())

  /// The items that failed.
  let rejected = RejectedItems()

  var window: Window? {
    get { state.withLock(\.window) }
    set { state.withLock { $0.window = newValue } }
  }

  var counted: (counts: JSON, details: JSON) {
    get { state.withLock(\.counted) }
    set { state.withLock { $0.counted = newValue } }
  }

  var itemsProcessed: Int { state.withLock(\.itemsProcessed) }
  /// Of the last report: whether its counts are metrics, and how old the oldest work is that it left.
  var measures: (countsAreMetrics: Bool, oldestSeconds: Double?) {
    state.withLock { ($0.countsAreMetrics, $0.oldestSeconds) }
  }

  var behind: Int { state.withLock(\.behind) }

  /// Which of the job's parts are on, where it has parts.
  var parts: PartsInUse? {
    get { state.withLock(\.parts) }
    set { state.withLock { $0.parts = newValue } }
  }

  /// What the ledger gave the run when its row was opened.
  var opening: (fence: Int64, attempt: Int)? {
    get { state.withLock(\.opening) }
    set { state.withLock { $0.opening = newValue } }
  }

  /// Whether the ledger's row is ended.
  var isClosed: Bool {
    get { state.withLock(\.isClosed) }
    set { state.withLock { $0.isClosed = newValue } }
  }

  /// How the run has ended, whatever happens after that.
  var ending: RunResult? {
    get { state.withLock(\.ending) }
    set { state.withLock { $0.ending = newValue } }
  }

  /// The outcome of the replay, if one was requested.
  var replayed: Replay.Tally? {
    get { state.withLock(\.replayed) }
    set { state.withLock { $0.replayed = newValue } }
  }

  /// The stored names of items that the replay has rejected.
  var rejectedByReplay: Set<ExactName> {
    get { state.withLock(\.rejectedByReplay) }
    set { state.withLock { $0.rejectedByReplay = newValue } }
  }

  func count(_ report: some JobReport) throws {
    let counted = try report.split()
    state.withLock { state in
      state.counted = counted
      (state.itemsProcessed, state.behind) = (report.itemsProcessed, report.behind)
      (state.countsAreMetrics, state.oldestSeconds) = (report.countsAreMetrics, report.oldestSeconds)
    }
  }
}
