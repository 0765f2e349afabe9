package import Redis

/// The newest fence that Redis has seen of each job, by the keys beside what jobs publish.
package enum SeenFences {
  /// Reads them from all servers of a cluster: with hundreds of thousands of published keys there may be as many.
  ///
  /// - Returns: by the job's name, whatever the installation: a job's fences are one sequence of numbers.
  package static func newest(on redis: RedisConnection) async throws -> [String: Int64] {
    try await redis.onEachServer { session in
      var newest: [String: Int64] = [:]
      try session.forEachPage(ofKeys: "\(prefix)*") { session, keys in
        guard !keys.isEmpty else { return }
        let answers = try session.pipeline(keys.map { RedisCommand("GETRANGE", $0, "0", "19") })
        for (key, answer) in zip(keys, answers) {
          guard let job = job(of: key), let token = token(answer) else { continue }
          newest[job] = max(newest[job] ?? 0, token)
        }
      }
      return newest
    }.reduce(into: [:]) { all, some in all.merge(some, uniquingKeysWith: max) }
  }

  /// See `Replacement.companion`.
  private static let prefix = "oneshot:fence:"

  /// The text after the last slash: `oneshot:fence:{top:users}/staging/top-stats`.
  private static func job(of key: String) -> String? {
    key.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(key[key.utf8.index(after: $0)...]) }
  }

  /// The number at the beginning of a value; `nil` where it is not a fencing token.
  private static func token(_ answer: RedisValue) -> Int64? {
    answer.text.flatMap { Int64($0.prefix { $0.isASCII && $0.isNumber }) }
  }
}
