import Redis
import TestSupport

@testable import UsageAggregation

/// The model is what stands in Redis.
extension Usage: ModelledJob {
  typealias TestedJob = UsageAggregation

  /// Days that are named are read whether they are completed or not.
  static let ways = [["USAGE_DAYS": "2025-11-06..2025-11-07"]]

  static func make(on servers: PrivateServers?) async throws -> Usage {
    let usage = try await Usage(on: servers)
    try await usage.set(["m1:2025-11-06:calls": "5", "m2:2025-11-06:calls": "7", "m1:2025-11-07:bytes": "9"])
    return usage
  }

  func clear() async throws {
    try await forgetRuns()
    try await place.execute("delete from merchant_usage; delete from oneshot.usage_days")
  }

  func change(using random: inout SeededGenerator) async throws {
    for _ in 0..<Int.random(in: 1...5, using: &random) {
      let (merchant, day) = (Int.random(in: 1...9, using: &random), Int.random(in: 6...7, using: &random))
      let value = Int.random(in: 1...1000, using: &random)
      try await place.redis("INCRBY", "usage:m\(merchant):2025-11-0\(day):calls", "\(value)")
    }
  }

  func mistakes() async throws -> [String] {
    var model: [String] = []
    for key in try await place.redis("KEYS", "usage:*").elements.compactMap(\.text) {
      model.append("\(key.dropFirst("usage:".count))=\(try await place.redis("GET", key).text ?? "")")
    }
    return differences("counters", try await stored().map { "\($0)=\($1)" }.sorted(), model.sorted())
  }
}
