import Postgres
import Redis

/// Does a piece of work again when it failed with a transient error.
///
/// The outermost one decides: inside of its work, inner ones try once and leave the retry to it, so that a piece of
/// work is always repeated as a whole and the number of attempts does not multiply.
struct Retrier: Sendable {
  /// How many attempts a piece of work has.
  var attempts: Int
  /// The longest wait between two attempts.
  var longestDelay: Duration
  /// The deadline of the run: nothing is tried again after it.
  var deadline: ContinuousClock.Instant
  var log: Log

  @TaskLocal private static var isInside = false

  /// - Parameters:
  ///   - what: the work, for the log: "writing 2025-11-01".
  ///   - isPassing: whether an error is transient; by default as each module defines it for its own errors.
  func run<Value>(
    _ what: String,
    isPassing: (any Error) -> Bool = Retrier.passes,
    _ work: () async throws -> Value
  ) async throws -> Value {
    guard !Self.isInside else { return try await work() }
    var tried = 0
    while true {
      do {
        return try await Self.$isInside.withValue(true) { try await work() }
      } catch {
        tried += 1
        guard tried < attempts, ContinuousClock.now < deadline, isPassing(error), !Task.isCancelled else { throw error }
        var generator = SystemRandomNumberGenerator()
        let delay = Backoff.delay(beforeRetry: tried, longest: longestDelay, using: &generator)
        guard ContinuousClock.now + delay < deadline else { throw error }
        log.warning(
          "\(what) failed; trying again",
          [
            "error": .string("\(error)"), "try": .integer(Int64(tried)), "of": .integer(Int64(attempts)),
            "wait_ms": .integer(delay.inMilliseconds),
          ])
        try await Task.sleep(for: delay)
      }
    }
  }

  /// The one place that distinguishes transient errors from final ones.
  static func passes(_ error: any Error) -> Bool {
    switch error {
    case let error as PostgresError: error.isTransient
    case let error as RedisError: error.isTransient
    case is ForeignServerLost: true
    default: false
    }
  }
}
