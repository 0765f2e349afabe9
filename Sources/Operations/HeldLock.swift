import JobRuntime
package import Redis

/// A leader lock as it stands in Redis.
package struct HeldLock: Sendable, Equatable {
  package var key: String
  /// The whole value: JSON of ours, or whatever another client wrote, of any bytes.
  package var value: [UInt8]
  /// When the lease ends by itself; `nil` where the key has none, which no run of ours leaves.
  package var timeLeft: Duration?

  /// The job's name, and `/INDEX` behind it for a shard: the key without what all keys begin with.
  package var name: String { String(key.dropFirst(Self.prefix.count)) }

  /// The value as text.
  package var holder: String { String(decoding: value, as: UTF8.self) }

  /// The run that says it is the holder.
  package var runID: String? {
    guard let id = said("run_id"), id.utf8.count == 36, RunIDBeginning(id)?.isWhole == true else { return nil }
    return id
  }

  /// What the holder says of itself: `host`, `since`, and for a run of a variant `variant`.
  package func said(_ name: String) -> String? {
    // What we write has no spaces and escapes nothing in these; whatever else is somebody else's.
    let parts = holder.split(separator: "\"\(name)\":\"", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, let end = parts[1].firstIndex(of: "\"") else { return nil }
    return String(parts[1][..<end])
  }

  /// Deletes the lock, unless somebody else holds it by now.
  ///
  /// - Returns: whether it was deleted.
  package func remove(on redis: RedisConnection) async throws -> Bool {
    let command = RedisCommand("EVAL", Self.removal, "1", key, bytes: [value])
    return try await redis.withSession { session in try session.command(command) }.integer == 1
  }

  /// Compares and deletes in one step: between two commands a run may have taken over.
  private static let removal = """
    if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end
    return redis.call('del', KEYS[1])
    """

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
    try await redis.withSession(followingMoves: false) { session in try read(&session) }
  }

  private static func read(_ session: inout RedisSession) throws -> [HeldLock] {
    var keys: Set<String> = []
    var cursor = "0"
    repeat {
      let page = try session.command(RedisCommand("SCAN", cursor, "MATCH", prefix + "*", "COUNT", "1000")).elements
      cursor = page.first?.text ?? "0"
      keys.formUnion((page.last?.elements ?? []).compactMap(\.text))
    } while cursor != "0"
    return try look(at: Array(keys), session: &session)
  }

  private static func look(at keys: [String], session: inout RedisSession) throws -> [HeldLock] {
    let commands = keys.flatMap { [RedisCommand("GET", $0), RedisCommand("PTTL", $0)] }
    guard !commands.isEmpty else { return [] }
    let answers = try session.pipeline(commands)
    return try keys.enumerated().compactMap { index, key in
      let value: [UInt8]
      switch answers[2 * index] {
      case .bytes(let bytes): value = bytes
      // No run of ours wrote it, yet it keeps all of them out.
      case .error("WRONGTYPE", _): value = Array("a value that is no string".utf8)
      // In a cluster another server has it, which is asked next; or this user may not read it.
      case .error(let code, let message): throw RedisError.server(code: code, message: message)
      // One that was given back meanwhile is no longer there.
      default: return nil
      }
      let left = answers[2 * index + 1].integer ?? -1
      return HeldLock(key: key, value: value, timeLeft: left < 0 ? nil : .milliseconds(left))
    }
  }
}
