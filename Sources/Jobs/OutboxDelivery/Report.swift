import JobRuntime
import Synchronization

struct Report: JobReport {
  /// Messages of which this run has tried or decided something.
  var due = 0
  var sent = 0
  /// Attempts that failed, and are made again by the schedule.
  var retried = 0
  /// Dead letters.
  var failed = 0
  /// Of the failed, addresses that do not exist.
  var bounced = 0
  var suppressed = 0
  var expired = 0
  /// Messages that a person decides about, because it is unknown whether they were sent.
  var held = 0
  var doubts = 0
  /// Messages that are due and wait for a target that is closed.
  var throttled = 0
  /// Endpoints.
  var disabled = 0
  /// Relays that are left alone at the end of the run: no mail is sent.
  private(set) var closedRelays = 0
  /// Messages that are due and were not sent, those that wait for a target among them.
  private(set) var left = 0

  private(set) var closed: [Closed] = []
  /// How long the oldest message is due, but for those that wait for a domain or an endpoint that is closed.
  private(set) var oldestSeconds: Double? = 0

  struct Closed: Encodable, Sendable {
    var target: String
    var until: String
    var reason: String
  }

  var itemsProcessed: Int { due }
  var behind: Int { left }
  var countsAreMetrics: Bool { true }

  mutating func leave(_ due: Int, throttled: Int, oldest: Duration) {
    (left, self.throttled) = (due, throttled)
    oldestSeconds = Double(oldest.inMilliseconds) / 1000
  }

  /// - Parameter closed: all of them; the result shows the first.
  mutating func leaveAlone(_ closed: [Closed]) {
    closedRelays = closed.count { $0.target.hasPrefix(Target.relayPrefix) }
    self.closed = Array(closed.prefix(20))
  }

  mutating func add(_ verdict: Verdict) {
    switch verdict.fate {
    case .sent: sent += 1
    case .retried: retried += 1
    case .held: held += 1
    case .failed: failed += 1
    case .returned: return
    case .cancelled: break
    }
    due += 1
    bounced += verdict.isBounce ? 1 : 0
    doubts += verdict.isDoubt ? 1 : 0
  }
}

/// What all lanes have counted so far.
final class Tally: Sendable {
  private let state = Mutex((report: Report(), taken: 0))

  var report: Report { state.withLock { $0.report } }

  func count(_ change: (inout Report) -> Void) { state.withLock { change(&$0.report) } }

  /// Takes one of the messages that the run may claim, before it is looked for: lanes look at once.
  func take(of most: Int?) -> Bool {
    state.withLock { state in
      guard state.taken < most ?? .max else { return false }
      state.taken += 1
      return true
    }
  }

  /// Takes back `take`: there was none.
  func giveBack() { state.withLock { $0.taken -= 1 } }
}

/// What a transaction does beside the database: counted once it is committed, and undone where it is done again.
final class Step: Sendable {
  private let state = Mutex((counts: [@Sendable (inout Report) -> Void](), undoing: [@Sendable () -> Void]()))

  func count(_ change: @escaping @Sendable (inout Report) -> Void) { state.withLock { $0.counts.append(change) } }
  func undoing(_ action: @escaping @Sendable () -> Void) { state.withLock { $0.undoing.append(action) } }

  /// At the beginning of each try.
  func begin() {
    let actions = state.withLock { state in
      defer { state = ([], []) }
      return state.undoing
    }
    for action in actions { action() }
  }

  func commit(to tally: Tally) {
    for change in state.withLock(\.counts) { tally.count(change) }
  }
}
