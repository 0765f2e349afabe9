import Foundation
import Redis

/// A place with usage counters, and the real binary that moves them.
package struct Usage: JobFixture {
  package static let job = "usage-aggregation"

  package let place: Place

  package init(on servers: PrivateServers? = nil) async throws { place = try await Place(on: servers) }

  /// Sets counters: the keys without their prefix, `merchant:day:metric`.
  package func set(_ counters: [String: String], prefix: String = "usage:") async throws {
    try await place.redis(all: counters.map { RedisCommand("SET", prefix + $0.key, $0.value) })
  }

  /// Runs with less memory than the large values of tests have bytes: 96 MiB.
  package func runInLittleMemory(_ settings: [String: String] = [:]) async throws -> Binary.Outcome {
    // The stacks of threads count as data; with the usual 8 MiB each they would be most of it.
    let limited = #"ulimit -s 1024 && ulimit -d 98304 && exec "$0""#
    return try await Binary(path: "/bin/sh").run(["-c", limited, Self.binary.url.path], environment(settings))
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
