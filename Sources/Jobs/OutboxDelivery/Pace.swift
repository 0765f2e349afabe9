import JobRuntime
import Synchronization

/// Spreads mails evenly over time: all of them, and those to each domain.
///
/// What was sent before the run counts, too: runs start each minute, and a rate may be a few mails an hour.
final class Pace: Sendable {
  private struct State {
    var next: ContinuousClock.Instant
    var domains: [Target: ContinuousClock.Instant] = [:]
  }

  private let interval: Duration?
  private let domainInterval: Duration?
  private let state: Mutex<State>

  /// - Parameters:
  ///   - rate: mails a second; `nil` is no limit.
  ///   - domainRate: the same for each domain.
  ///   - last: how long ago each domain got its last mail.
  init(_ rate: Double?, domainRate: Double?, last: [(domain: Target, ago: Duration)] = []) {
    (interval, domainInterval) = (rate.map { .seconds(1 / $0) }, domainRate.map { .seconds(1 / $0) })
    let now = ContinuousClock.now
    var state = State(next: now)
    if let interval, let ago = last.map(\.ago).min() { state.next = max(now, now - ago + interval) }
    if let domainInterval { for (domain, ago) in last { state.domains[domain] = now - ago + domainInterval } }
    self.state = Mutex(state)
  }

  /// The longest time for which an earlier mail matters.
  static func memory(of rates: Double?...) -> Duration { .seconds(rates.compactMap { $0.map { 1 / $0 } }.max() ?? 0) }

  /// Takes the next place.
  ///
  /// - Returns: when its time has come.
  func turn() -> ContinuousClock.Instant {
    guard let interval else { return .now }
    return state.withLock { state in
      let turn = max(state.next, .now)
      state.next = turn + interval
      return turn
    }
  }

  /// Takes the domain's next place, if its time has come.
  func admits(_ domain: Target) -> Bool {
    guard let domainInterval else { return true }
    return state.withLock { state in
      if let next = state.domains[domain], next > .now { return false }
      state.domains[domain] = .now + domainInterval
      return true
    }
  }

  /// Takes back `admits`: nothing was sent.
  func release(_ domain: Target) { state.withLock { $0.domains[domain] = nil } }

  /// Domains whose time has not come, and when that of the first comes.
  var waiting: (domains: [Target], until: ContinuousClock.Instant)? {
    guard domainInterval != nil else { return nil }
    return state.withLock { state in
      let waiting = state.domains.filter { $0.value > .now }
      return waiting.values.min().map { (Array(waiting.keys), $0) }
    }
  }
}
