import JobRuntime
import Redis

/// A place with usage counters, and the real binary that moves them.
package struct Usage: Sendable {
  package let place: Place

  /// The moment all these runs are for: 2025-11-08 at two in the morning, UTC.
  package static let now = "2025-11-08T02:00:00Z"
  /// The lock of a run that is not one of several shards.
  package static let lockKey = "oneshot:lock:usage-aggregation"
  package static let binary = Binary("usage-aggregation")

  package init() async throws { place = try await Place() }

  /// Sets counters: the keys without their prefix, `merchant:day:metric`.
  package func set(_ counters: [String: String], prefix: String = "usage:") async throws {
    try await place.redis(all: counters.map { RedisCommand("SET", prefix + $0.key, $0.value) })
  }

  package func run(_ arguments: [String] = [], _ settings: [String: String] = [:]) async throws -> Binary.Outcome {
    try await Self.binary.run(arguments, environment(settings))
  }

  /// What leads a run here. Forced, because these tests run for the same slot again and again.
  package func environment(_ settings: [String: String] = [:]) -> [String: String] {
    place.environment
      .merging(["JOB_SCHEDULED_AT": Self.now, "JOB_FORCE": "true"], uniquingKeysWith: { $1 })
      .merging(settings, uniquingKeysWith: { $1 })
  }

  /// What is stored: `merchant:day:metric` to value.
  package func stored() async throws -> [String: String] {
    let rows = try await place.rows(
      "select merchant_id || ':' || usage_date || ':' || metric_type as a, value as b from merchant_usage")
    return Dictionary(uniqueKeysWithValues: rows.map { ($0[0], $0[1]) })
  }

  /// Dead letters: item to `kind/state/attempts`.
  package func deadLetters() async throws -> [String: String] {
    let rows = try await place.rows(
      "select item as a, error_kind || '/' || state || '/' || attempts as b from oneshot.dead_letters")
    return Dictionary(uniqueKeysWithValues: rows.map { ($0[0], $0[1]) })
  }

  /// The days that later runs pass over.
  package func completed() async throws -> [String] {
    try await place.rows("select usage_date from oneshot.usage_days order by 1").map { $0[0] }
  }
}

extension Binary.Outcome {
  package func count(_ name: String) -> Int? { result["counts", name].int }
}
