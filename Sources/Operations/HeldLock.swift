import JobRuntime
package import Redis

/// A leader lock as it stands in Redis.
package struct HeldLock: Sendable, Equatable {
  package var key: String
  /// JSON of ours, or whatever another client wrote, of any bytes: the whole value, or as much of it as `all` reads;
  /// `nil` where it is no string.
  package var value: [UInt8]?
  /// When the lease ends by itself; `nil` where the key has none, which no run of ours leaves.
  package var timeLeft: Duration?

  /// `[INSTANCE/]JOB[/SHARD]`: the key without what all keys begin with.
  package var name: String { String(key.dropFirst(Self.prefix.count)) }

  /// The value as text, with `…` where it is longer than anybody reads.
  package var holder: String {
    // No run of ours wrote it, yet it keeps all of them out.
    guard let value else { return "a value that is no string" }
    return String(decoding: value.prefix(Self.longestShown), as: UTF8.self) + (isCut ? "…" : "")
  }

  /// Whether the value is longer than what is shown of it. Ours has about 150 bytes.
  package var isCut: Bool { (value?.count ?? 0) > Self.longestShown }

  private static let longestShown = 4096

  /// The run that says it is the holder.
  package var runID: String? {
    guard let id = said("run_id"), id.utf8.count == 36, RunIDBeginning(id)?.isWhole == true else { return nil }
    return id
  }

  /// What the holder says of itself: `host`, `since`, `variant`, `server`; an empty one is none.
  package func said(_ name: String) -> String? { LockHolder.said(name, in: holder) }

  /// Deletes the lock, unless somebody else holds it by now. It has to be a whole one; see `named`.
  ///
  /// - Returns: whether it was deleted.
  package func remove(on redis: RedisConnection) async throws -> Bool {
    let command = RedisCommand("EVAL", Self.removal, "1", key, bytes: value.map { [$0] } ?? [])
    return try await redis.withSession { session in try session.command(command) }.integer == 1
  }

  /// Compares and deletes in one step: between two commands a run may have taken over.
  private static let removal = """
    local held = redis.pcall('get', KEYS[1])
    if type(held) == 'table' and held.err then
      if not string.find(held.err, 'WRONGTYPE', 1, true) then return held end
      if ARGV[1] then return 0 end
    elseif held ~= ARGV[1] then
      return 0
    end
    return redis.call('del', KEYS[1])
    """

  package static let prefix = RunIdentity.lockPrefix

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
    var seen: Set<ExactName> = []
    return locks.filter { seen.insert(ExactName($0.key)).inserted }.sorted { $0.key < $1.key }
  }

  /// The lock of this name, if it is held.
  ///
  /// - Parameter isWhole: whether to read all of its value, which may be as long as somebody likes; only for `remove`.
  package static func named(
    _ name: String, isWhole: Bool = false, on redis: RedisConnection
  ) async throws -> HeldLock? {
    try await redis.withSession { session in
      try look(at: [prefix + name], isWhole: isWhole, session: &session).first
    }
  }

  private static func read(from redis: RedisConnection) async throws -> [HeldLock] {
    try await redis.withSession(followingMoves: false) { session in try read(&session) }
  }

  private static func read(_ session: inout RedisSession) throws -> [HeldLock] {
    var keys: Set<ExactName> = []
    var cursor = "0"
    repeat {
      let page = try session.command(RedisCommand("SCAN", cursor, "MATCH", prefix + "*", "COUNT", "1000")).elements
      cursor = page.first?.text ?? "0"
      keys.formUnion((page.last?.elements ?? []).compactMap(\.text).map(ExactName.init))
    } while cursor != "0"
    return try look(at: keys.map(\.text), session: &session)
  }

  private static func look(
    at keys: [String], isWhole: Bool = false, session: inout RedisSession
  ) throws -> [HeldLock] {
    let end = isWhole ? "-1" : "\(longestShown)"
    let commands = keys.flatMap { key in
      [RedisCommand("PTTL", key), RedisCommand("GETRANGE", key, "0", end), RedisCommand("PTTL", key)]
    }
    guard !commands.isEmpty else { return [] }
    let answers = try session.pipeline(commands)
    return try keys.enumerated().compactMap { index, key in
      try HeldLock(key: key, before: answers[3 * index], value: answers[3 * index + 1], after: answers[3 * index + 2])
    }
  }

  /// - Parameters:
  ///   - before: what `PTTL` answered before the value was read.
  ///   - after: the same behind it: a key that is gone reads as an empty text, so it has to be there both times.
  /// - Returns: `nil` for one that was given back meanwhile.
  package init?(key: String, before: RedisValue, value: RedisValue, after: RedisValue) throws {
    for answer in [before, value, after] {
      // In a cluster another server has it, which is asked next; or this user may not read it.
      if case .error(let code, let message) = answer, code != "WRONGTYPE" {
        throw RedisError.server(code: code, message: message)
      }
    }
    // −1 is a key without an end, −2 none at all.
    guard let left = after.integer, left >= -1, before.integer != -2 else { return nil }
    self.key = key
    if case .bytes(let bytes) = value { self.value = bytes }
    timeLeft = left < 0 ? nil : .milliseconds(left)
  }

  package init(key: String, value: [UInt8]?, timeLeft: Duration?) {
    (self.key, self.value, self.timeLeft) = (key, value, timeLeft)
  }
}
