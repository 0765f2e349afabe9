import JobRuntime
import Redis
import Synchronization

/// How fast a run may read documents, all of its lanes together.
final class Pace: Sendable {
  /// The Redis key with which an operator changes it during a run.
  static let key = key(of: "")

  /// The same of an installation.
  static func key(of instance: String) -> String { "oneshot:\(instance.isEmpty ? "" : "\(instance)/")reindex:rate" }

  private struct State {
    /// From when on documents may be read again.
    var free: ContinuousClock.Instant
    var lastComplaint: String?
  }

  private let setting: Int?
  private let state: Mutex<State>

  /// - Parameter rate: what the setting says: documents a second, or no limit.
  init(rate: Int?, now: ContinuousClock.Instant = .now) {
    setting = rate
    state = Mutex(State(free: now))
  }

  /// Waits until the next documents may be read.
  ///
  /// - Returns: how many, `wanted` at most.
  func next(_ wanted: Int, _ run: JobRun) async throws -> Int {
    let rate = try await current(run)
    let (count, start) = reserve(wanted, rate: rate, now: .now)
    try await Task.sleep(until: start)
    return count
  }

  /// Takes a tenth of a second's documents at most: so the rate is kept over any second, and a change of it soon felt.
  ///
  /// - Returns: how many documents may be read, and when.
  func reserve(
    _ wanted: Int, rate: Int?, now: ContinuousClock.Instant
  ) -> (count: Int, start: ContinuousClock.Instant) {
    state.withLock { state in
      guard let rate else {
        state.free = now
        return (wanted, now)
      }
      let count = min(wanted, max(1, rate / 10))
      // Time that was not used is not made up for.
      let start = max(now, state.free)
      state.free = start + .seconds(1) * Double(count) / Double(rate)
      return (count, start)
    }
  }

  /// What the key says, or else the setting.
  private func current(_ run: JobRun) async throws -> Int? {
    let answer: RedisValue
    do {
      answer = try await run.redis { session in try session.command(RedisRead(.get, Self.key(of: run.instance))) }
    } catch RedisError.server(code: "WRONGTYPE", _) {
      complain("no text", run)
      return setting
    }
    if case .null = answer { return setting }
    if let rate = answer.text.flatMap(Self.parse) { return rate == 0 ? nil : rate }
    complain(answer.text ?? "no text", run)
    return setting
  }

  private func complain(_ value: String, _ run: JobRun) {
    let isNew = state.withLock { state in
      defer { state.lastComplaint = value }
      return state.lastComplaint != value
    }
    guard isNew else { return }
    run.log.warning(
      "the Redis key \(Self.key(of: run.instance)) does not hold a number of documents a second; the setting applies",
      ["value": .string(String(value.prefix(100)))])
  }

  private static func parse(_ text: String) -> Int? { Int(text).flatMap { (0...1_000_000).contains($0) ? $0 : nil } }
}
