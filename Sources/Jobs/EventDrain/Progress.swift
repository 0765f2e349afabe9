import Events
import JobRuntime
import Synchronization

/// How far a run has come, and how much of it is left.
///
/// Its lanes share it.
final class Progress: Sendable {
  private struct State {
    var report = EventDrain.Report()
    /// How many entries may still be read.
    var left: Int
    /// How many of them a lane is about to read.
    var lent = 0
    var broken: [String: String] = [:]
    var heldUp: Set<String> = []
    var refusedBoards: [String: JobFailure] = [:]
    var tried: Set<Partition> = []
  }

  private let state: Mutex<State>
  private let began = ContinuousClock.now
  private let settings: EventDrain.Settings
  private let run: JobRun

  init(_ settings: EventDrain.Settings, _ run: JobRun) {
    (self.settings, self.run) = (settings, run)
    state = Mutex(State(left: settings.most ?? .max))
  }

  var report: EventDrain.Report { state.withLock(\.report) }
  /// Handlers that have a mistake, and what it is.
  var broken: [String: String] { state.withLock(\.broken) }
  /// Live boards that Redis does not take, by their keys.
  var refusedBoards: [String: JobFailure] { state.withLock(\.refusedBoards) }
  /// Types that are not tried again by this run.
  var heldUp: [String] { state.withLock { $0.heldUp.sorted() } }

  /// The moment that the run is for, and what has passed since: what waits is judged by it.
  var moment: Timestamp { run.scheduledAt + began.duration(to: .now) }

  /// Why no further batch is begun; `nil` while one may be.
  var ending: EventDrain.Report.Ending? {
    if state.withLock({ $0.left }) <= 0 { return .max }
    return began.duration(to: .now) >= settings.time ? .time : nil
  }

  /// When no further batch is begun.
  var end: ContinuousClock.Instant { began + settings.time }

  /// How many entries the next batch may have.
  var room: Int { state.withLock { max(1, min(settings.batch, $0.left)) } }

  /// Lends some of the entries that may still be read to a piece of work, so that lanes together read no more.
  ///
  /// What the work does not use, or all if it fails, is free for others again.
  ///
  /// Waits where all are lent.
  ///
  /// - Parameter work: given how many it may read; returns how many it has read. It may not borrow again.
  /// - Returns: whether the run continues: `false` where nothing was done.
  @discardableResult
  func lend(_ most: Int, _ work: (Int) async throws -> Int) async throws -> Bool {
    while ending == nil {
      let lent = state.withLock { state in
        let lent = max(0, min(most, state.left - state.lent))
        state.lent += lent
        return lent
      }
      guard lent > 0 else {
        try await Task.sleep(for: .milliseconds(10))
        continue
      }
      var used = 0
      defer {
        state.withLock { state in
          state.lent -= lent
          state.left -= used
        }
      }
      used = try await work(lent)
      return true
    }
    return false
  }

  /// How much longer the run waits for more events.
  var lingers: Duration { max(.zero, min(settings.linger, settings.time) - began.duration(to: .now)) }

  func update(_ change: (inout EventDrain.Report) -> Void) throws {
    let report = state.withLock { state in
      change(&state.report)
      return state.report
    }
    try run.checkpoint(report)
  }

  /// Whether it is noted of a partition that this run has found unfinished work there.
  func hasCountedTry(of partition: Partition) -> Bool { state.withLock { $0.tried.contains(partition) } }

  func noteTry(of partition: Partition) { state.withLock { _ = $0.tried.insert(partition) } }

  /// Notes a live board that Redis does not take.
  func refuse(_ key: String, _ failure: JobFailure) { state.withLock { $0.refusedBoards[key] = failure } }

  /// Notes handlers that have a mistake, and the types that wait for it.
  func hold(_ broken: [String: String], _ types: [String]) {
    state.withLock { state in
      state.broken.merge(broken) { $1 }
      state.heldUp.formUnion(types)
    }
  }
}
