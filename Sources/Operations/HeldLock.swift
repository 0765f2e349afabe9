import JobRuntime
package import Redis

/// A leader lock as it stands in Redis.
package struct HeldLock: Sendable, Equatable {
  package var key: String
  /// The value that a run wrote, or any bytes that another client wrote: for a long value the beginning, one byte more
  /// than is shown; `nil` where it is not a string.
  package var value: [UInt8]?
  /// SHA-1 of the whole value, computed by the server; only for a lock that was read in order to be removed.
  private var digest: String?
  /// When the lease ends by itself; `nil` where the key has no expiry, which no run of this project leaves.
  package var timeLeft: Duration?

  /// `[INSTANCE/]JOB[/SHARD]`: the key without the common prefix.
  package var name: String { String(key.dropFirst(Self.prefix.count)) }

  /// The value as text, with `…` where it is longer than is shown.
  package var holder: String {
    // A value that is not a string was not written by a run, yet it keeps all runs out.
    value.map(LockHolder.shown) ?? "a value that is no string"
  }

  /// Whether the value is longer than what is shown of it.
  package var isCut: Bool { (value?.count ?? 0) > LockHolder.longestShown }

  /// The run that the value names as the holder.
  package var runID: String? {
    guard let id = field("run_id"), id.utf8.count == 36, RunIDBeginning(id)?.isWhole == true else { return nil }
    return id
  }

  /// A member of the holder's value: `host`, `since`, `variant`, `server`; `nil` for an empty one.
  package func field(_ name: String) -> String? { LockHolder.field(name, in: holder) }

  /// Deletes the lock, unless another run holds it by now.
  ///
  /// The lock must have been read by `toRemove`.
  ///
  /// - Returns: whether it was deleted.
  package func remove(on redis: RedisConnection) async throws -> Bool {
    guard let digest = value == nil ? "" : digest else { return false }
    let command = RedisCommand("EVAL", Self.removal, "1", key, digest)
    return try await redis.withSession { session in try session.command(command) }.integer == 1
  }

  /// Compares and deletes in one step: between two commands a run may take over.
  private static let removal = """
    local held = redis.pcall('get', KEYS[1])
    local digest = ''
    if type(held) == 'string' then
      digest = redis.sha1hex(held)
    elseif not held then
      return 0
    elseif not string.find(held.err, 'WRONGTYPE', 1, true) then
      return held
    end
    if digest ~= ARGV[1] then return 0 end
    return redis.call('del', KEYS[1])
    """

  /// The lock of this name, if it is held, with what `remove` compares.
  package static func toRemove(_ name: String, on redis: RedisConnection) async throws -> HeldLock? {
    let key = prefix + name
    let answer = try await redis.withSession { session in
      try session.command(RedisCommand("EVAL", Self.looking, "1", key, "\(LockHolder.longestShown + 1)"))
    }.elements
    guard answer.count == 3 else { return nil }
    var lock = try HeldLock(key: key, before: answer[0], value: answer[1], after: answer[0])
    lock?.digest = answer[2].text
    return lock
  }

  /// Reads the time left, the beginning of the value and its digest at one moment.
  private static let looking = """
    local held = redis.pcall('get', KEYS[1])
    if not held then return 0 end
    local left = redis.call('pttl', KEYS[1])
    if type(held) == 'string' then
      return {left, string.sub(held, 1, tonumber(ARGV[1])), redis.sha1hex(held)}
    end
    if string.find(held.err, 'WRONGTYPE', 1, true) then return {left, false, ''} end
    return held
    """

  package static let prefix = RunIdentity.lockPrefix

  /// The locks that are held now, by name; of all primaries of a cluster.
  package static func all(on redis: RedisConnection) async throws -> [HeldLock] {
    let locks = try await redis.onEachServer { session in try read(&session) }.flatMap(\.self)
    // The server that was asked for the others is also one of them.
    var seen: Set<ExactName> = []
    return locks.filter { seen.insert(ExactName($0.key)).inserted }.sorted { $0.key < $1.key }
  }

  /// The lock of this name, if it is held.
  package static func named(_ name: String, on redis: RedisConnection) async throws -> HeldLock? {
    try await redis.withSession { session in try look(at: [prefix + name], session: &session).first }
  }

  private static func read(_ session: inout RedisSession) throws -> [HeldLock] {
    var keys: Set<ExactName> = []
    try session.forEachPage(ofKeys: prefix + "*") { _, page in keys.formUnion(page.map(ExactName.init)) }
    return try look(at: keys.map(\.text), session: &session)
  }

  private static func look(at keys: [String], session: inout RedisSession) throws -> [HeldLock] {
    let commands = keys.flatMap { key in
      [
        RedisCommand("PTTL", key), RedisCommand("GETRANGE", key, "0", "\(LockHolder.longestShown)"),
        RedisCommand("PTTL", key),
      ]
    }
    guard !commands.isEmpty else { return [] }
    let answers = try session.pipeline(commands)
    return try keys.enumerated().compactMap { index, key in
      try HeldLock(key: key, before: answers[3 * index], value: answers[3 * index + 1], after: answers[3 * index + 2])
    }
  }

  /// - Parameters:
  ///   - before: the answer to `PTTL` before the value was read.
  ///   - after: the same after it: a missing key reads as an empty text, so the key has to exist both times.
  /// - Returns: `nil` for one that was released meanwhile.
  package init?(key: String, before: RedisValue, value: RedisValue, after: RedisValue) throws {
    for answer in [before, value, after] {
      // In a cluster another server has it, which is queried next; or this user lacks the right to read it.
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
