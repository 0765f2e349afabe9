import JobRuntime
package import Redis

/// A leader lock as it stands in Redis.
package struct HeldLock: Sendable, Equatable {
  package var key: String
  /// The whole value: JSON of ours, or whatever another client wrote.
  package var holder: String
  /// When the lease ends by itself; `nil` where the key has none, which no run of ours leaves.
  package var timeLeft: Duration?

  /// The job's name, and `/INDEX` behind it for a shard: the key without what all keys begin with.
  package var name: String { String(key.dropFirst(Self.prefix.count)) }

  /// The run that says it is the holder.
  package var runID: String? {
    // What we write has no spaces; whatever else is somebody else's.
    let parts = holder.split(separator: #""run_id":""#, maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, let id = parts[1].split(separator: "\"").first, id.utf8.count == 36 else { return nil }
    return String(id)
  }

  package static let prefix = "oneshot:lock:"

  /// The locks that are held now, by name; of all primaries of a cluster.
  package static func all(on redis: RedisConnection) async throws -> [HeldLock] {
    let topology = try await redis.topology()
    var locks = try await read(from: redis)
    for address in topology.primaries where topology.isCluster {
      let primary = RedisConnection(address, clientName: "oneshot")
      locks += try await read(from: primary)
      await primary.close()
    }
    // The server that was asked for the others is one of them.
    var seen: Set<String> = []
    return locks.filter { seen.insert($0.key).inserted }.sorted { $0.key < $1.key }
  }

  /// The lock of this name, if it is held.
  package static func named(_ name: String, on redis: RedisConnection) async throws -> HeldLock? {
    try await redis.withSession { session in try look(at: [prefix + name], session: &session).first }
  }

  private static func read(from redis: RedisConnection) async throws -> [HeldLock] {
    try await redis.withSession(followingMoves: false) { session in
      var keys: Set<String> = []
      var cursor = "0"
      repeat {
        let page = try session.command(RedisCommand("SCAN", cursor, "MATCH", prefix + "*", "COUNT", "1000")).elements
        cursor = page.first?.text ?? "0"
        keys.formUnion((page.last?.elements ?? []).compactMap(\.text))
      } while cursor != "0"
      return try look(at: Array(keys), session: &session)
    }
  }

  private static func look(at keys: [String], session: inout RedisSession) throws -> [HeldLock] {
    let commands = keys.flatMap { [RedisCommand("GET", $0), RedisCommand("PTTL", $0)] }
    guard !commands.isEmpty else { return [] }
    let answers = try session.pipeline(commands)
    return keys.enumerated().compactMap { index, key in
      // One that was given back meanwhile is no longer there.
      guard case .bytes(let bytes) = answers[2 * index] else { return nil }
      let left = answers[2 * index + 1].integer ?? -1
      return HeldLock(
        key: key, holder: String(decoding: bytes, as: UTF8.self), timeLeft: left < 0 ? nil : .milliseconds(left))
    }
  }
}
