import JobRuntime
import Postgres
import Synchronization

/// Which targets are left alone for a while, because they have failed several times in a row.
///
/// What one run has learnt is in `oneshot.delivery_targets` for the next. Once its time is over, one message alone tries
/// the target, and the others follow when that was taken.
final class Targets: Sendable {
  struct Standing: Sendable, Equatable {
    var failures = 0
    var firstFailedAt: Timestamp?
    var closedUntil: Timestamp?
    var reason = ""
    var isTried = false
  }

  /// What is to be kept of a target.
  enum Change: Sendable {
    case nothing
    case forgotten
    case kept(Standing)
  }

  private struct State {
    var standings: [Target: Standing] = [:]
    /// Messages that were refused in a row for what may be the sender's fault.
    var refusals = 0
  }

  private let threshold: Int
  private let state: Mutex<State>

  /// So many refusals close the relay.
  private static let mostRefusals = 10

  init(_ rows: Rows, threshold: Int) throws {
    self.threshold = threshold
    var standings: [Target: Standing] = [:]
    for row in rows {
      standings[Target(name: try row.value("target"))] = Standing(
        failures: try row.value("failures"), firstFailedAt: try row.optional("first_failed_at"),
        closedUntil: try row.optional("closed_until"), reason: try row.optional("reason") ?? "")
    }
    state = Mutex(State(standings: standings))
  }

  static let all: Statement = """
    select target, failures, first_failed_at, closed_until, reason from oneshot.delivery_targets
    """

  /// Targets that get nothing now: closed, or tried by one message at this moment.
  func closed(at moment: Timestamp) -> [Target] {
    state.withLock { $0.standings.filter { isClosed($0.value, moment) || $0.value.isTried }.map(\.key) }
  }

  /// Whether a message tries a target at this moment, which may open it.
  var isAnyTried: Bool { state.withLock { $0.standings.values.contains(where: \.isTried) } }

  private func isClosed(_ standing: Standing, _ moment: Timestamp) -> Bool {
    standing.closedUntil.map { $0 > moment } ?? false
  }

  /// Whether a message may be sent to all of these targets.
  ///
  /// If so, this message is the one that tries the targets that have been closed.
  func admits(_ targets: [Target], at moment: Timestamp) -> Bool {
    state.withLock { state in
      let standings = targets.compactMap { state.standings[$0] }
      guard !standings.contains(where: { isClosed($0, moment) || $0.isTried }) else { return false }
      for target in targets where state.standings[target]?.closedUntil != nil {
        state.standings[target]?.isTried = true
      }
      return true
    }
  }

  /// Takes back `admits`: nothing was sent.
  func release(_ targets: [Target]) {
    state.withLock { state in for target in targets { state.standings[target]?.isTried = false } }
  }

  /// Notes what an attempt said of a target.
  func note(_ consequence: Verdict.Consequence, of target: Target, why: String, at moment: Timestamp) -> Change {
    state.withLock { state in
      let before = state.standings[target]
      if var standing = before {
        standing.isTried = false
        state.standings[target] = standing
      }
      switch consequence {
      case .none: return .nothing
      case .works, .gone:
        guard before != nil else { return .nothing }
        state.standings[target] = nil
        return .forgotten
      case .fails, .closed:
        var standing = before ?? Standing()
        standing.isTried = false
        standing.failures += 1
        standing.firstFailedAt = standing.firstFailedAt ?? moment
        standing.reason = why
        if case .closed(let length) = consequence {
          standing.closedUntil = moment + length
        } else if standing.failures >= threshold {
          standing.closedUntil = moment + Self.pause(standing.failures - threshold)
        }
        state.standings[target] = standing
        return .kept(standing)
      }
    }
  }

  /// Counts refusals in a row that are not about a recipient.
  ///
  /// - Returns: whether they are enough to leave the relay alone.
  func countRefusal(_ isRefused: Bool) -> Bool {
    state.withLock { state in
      state.refusals = isRefused ? state.refusals + 1 : 0
      guard state.refusals >= Self.mostRefusals else { return false }
      state.refusals = 0
      return true
    }
  }

  private static func pause(_ number: Int) -> Duration {
    [.minutes(1), .minutes(5), .minutes(15), .minutes(60)][min(number, 3)]
  }

  /// Those that are closed, relays first.
  func report(at moment: Timestamp) -> [Report.Closed] {
    state.withLock { state in
      state.standings.filter { isClosed($0.value, moment) }.sorted { left, right in
        left.key.isRelay == right.key.isRelay ? left.key.name < right.key.name : left.key.isRelay
      }.map {
        Report.Closed(target: $0.key.name, until: $0.value.closedUntil?.rfc3339 ?? "", reason: $0.value.reason)
      }
    }
  }
}
