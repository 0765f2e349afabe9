import BlockingIO
import Redis
import Synchronization

/// The lock that keeps a second run of the same job and shard out: one key in Redis.
///
/// It saves work; it does not protect data. That is the fence's task, which holds even when the lock fails. Any client
/// that locks the same key with `SET NX PX` is kept out, and keeps this out.
struct LeaderLock: Sendable {
  /// For example `oneshot:lock:usage-aggregation`; see `RunIdentity.lockName`.
  let key: String
  /// JSON with run id, host, pid, since, the Redis that the data are in, if any, and variant: shown to a run that does
  /// not get the lock.
  let holder: String
  let lease: Lease
  private let ttl: Duration
  private let minHold: Duration
  private let connection: RedisConnection

  /// The outcome of an attempt.
  enum Attempt: Sendable {
    /// With Redis' time; `nil` where the user may not read it.
    case acquired(at: Timestamp?)
    /// Somebody else holds it; the holder as it stands in Redis, if it was still there.
    case held(by: String?)
  }

  init(
    _ identity: RunIdentity, holder: String, ttl: Duration, minHold: Duration, connection: RedisConnection
  ) {
    key = identity.lockKey
    self.holder = holder
    self.ttl = ttl
    self.minHold = minHold
    self.connection = connection
    lease = Lease(length: ttl)
  }

  /// The member of the holder that names its variant; a run of this project always has one.
  static let variantKey = "variant"

  /// Whether the holder is a run of another variant of this project's job, which does not do this one's work.
  static func isOther(than variant: String, holder: String) -> Bool {
    func member(_ value: String) -> String { "\"\(variantKey)\":\(value)" }
    return holder.contains(member("\"")) && !holder.contains(member(JSON.string(variant).text))
  }

  /// The failure of a run that has waited all of its time for one of other work.
  func isBusy(with holder: String?, after wait: Duration) -> JobFailure {
    func field(_ name: String) -> String? { holder.flatMap { LockHolder.field(name, in: $0) } }
    let work = field(Self.variantKey).map { "work «\($0)»" } ?? "usual work"
    let run = field("run_id").map { ", run \($0)" } ?? ""
    let place = (field("host").map { " on \($0)" } ?? "") + (field("since").map { " since \($0)" } ?? "")
    return JobFailure(
      .busy,
      "the lock \(key) was held by a run that does other work for all of JOB_LOCK_WAIT (\(DurationText.format(wait))): \(work)\(run)\(place)",
      hint:
        "Nothing was done, and the next start of this schedule tries again. Give the two schedules times that do not overlap, or make JOB_LOCK_WAIT longer than the other work takes."
    )
  }

  func acquire() async throws -> Attempt {
    let (key, holder, ttl) = (key, holder, ttl)
    let before = ContinuousClock.now
    do {
      let attempt = try await connection.withSession { session throws -> Attempt in
        let set = RedisCommand("SET", key, holder, "NX", "PX", String(ttl.inMilliseconds))
        let answers = try session.pipeline([set, RedisCommand("TIME")])
        if case .error(let code, let message) = answers[0] { throw RedisError.server(code: code, message: message) }
        let time = Timestamp(redisTime: answers[1])
        if answers[0].text == "OK" { return .acquired(at: time) }
        let answer = try session.run(Self.looking, keys: [key], arguments: [holder, String(ttl.inMilliseconds)])
        // An earlier attempt whose answer was lost had set it after all.
        if answer.integer == 1 { return .acquired(at: time) }
        guard case .bytes(let bytes) = answer else { return .held(by: nil) }
        return .held(by: LockHolder.shown(bytes))
      }
      if case .acquired = attempt { lease.confirm(since: before) }
      return attempt
    } catch let error as RedisError {
      // Whether the server has set it is unknown: the lock of a run that never started must not stay behind.
      switch error {
      // A cancelled task could send nothing.
      case .timedOut, .connection, .cancelled: await shieldedFromCancellation { await giveUp() }
      case .server, .untrusted, .refused, .misconfigured, .unexpectedReply, .tooLarge: break
      }
      throw error
    }
  }

  /// Renews the lease every third of it, until it is lost.
  ///
  /// - Throws: `JobFailure` of kind `lockLost`, or `CancellationError`.
  func keepRenewed(log: Log) async throws {
    var wait = ttl / 3
    while true {
      try await pause(until: .now + wait)
      let (key, holder, ttl) = (key, holder, ttl)
      let before = ContinuousClock.now
      do {
        let renewed = try await connection.withSession { session in
          try session.run(Self.renewal, keys: [key], arguments: [holder, String(ttl.inMilliseconds)])
        }
        guard renewed.integer == 1 else {
          lease.end()
          throw JobFailure(
            .lockLost, "the lock \(key) is no longer this run's: it expired, was deleted or taken over",
            hint: "Was the process frozen, or Redis restarted without its data? The next run does the work.")
        }
        lease.confirm(since: before)
        wait = ttl / 3
      } catch let error as RedisError {
        try Task.checkCancellation()
        if error.isDenied { throw JobFailure(classifying: error) }
        try lease.check(key)
        log.warning("the lock could not be renewed; trying again", ["error": .string("\(error)")])
        wait = ttl / 20
      }
    }
  }

  /// Releases the lock, if it is still this run's.
  ///
  /// - Parameter isDone: whether the work is done; then the lock stays for `JOB_LOCK_MIN_HOLD`.
  func release(isDone: Bool) async throws {
    let (key, holder) = (key, holder)
    let left = isDone ? lease.acquiredAt.map { minHold - (ContinuousClock.now - $0) } ?? .zero : .zero
    lease.end()
    _ = try await connection.withSession { session in
      try session.run(
        Self.releasing, keys: [key], arguments: [holder, String(max(0, left.inMilliseconds))])
    }
  }

  /// What `--check` tries instead of locking: commands that change nothing and are refused for the same reasons as the
  /// lock's own.
  static func trials(key: String) -> [RedisCommand] {
    [
      // NX and XX exclude each other, which Redis reports only after it has checked the user's rights, its role and its
      // memory.
      RedisCommand("SET", key, "check", "NX", "XX"),
      RedisCommand("GET", key),
      RedisCommand("TIME"),
      RedisCommand("EVAL", rights, "1", key),
    ]
  }

  /// Checks the rights that the scripts need. (Redis 6 has no command for that.)
  private static let rights = """
    if redis.acl_check_cmd and not (
      redis.acl_check_cmd('pexpire', KEYS[1], '1') and redis.acl_check_cmd('del', KEYS[1]))
    then
      return redis.error_reply('NOPERM its scripts may not use PEXPIRE and DEL')
    end
    return 1
    """

  /// Whether an answer to a trial says that the command itself would be refused.
  static func isRefusal(_ code: String, _ message: String) -> Bool {
    switch code {
    // The answers to the trials' contradictions, but also to commands that a server lacks.
    case "ERR": Refusal(code: code, message: message) != nil
    case "WRONGTYPE", "MOVED", "NOGROUP": false
    default: true
    }
  }

  private func giveUp() async {
    let (key, holder) = (key, holder)
    _ = try? await connection.withSession { session in
      try session.run(Self.releasing, keys: [key], arguments: [holder, "0"])
    }
  }

  /// Renews a lock that is this run's already; else returns the value, up to the length that is shown.
  private static let looking = Script(
    """
    local held = redis.pcall('get', KEYS[1])
    if held == ARGV[1] then
      return redis.call('pexpire', KEYS[1], ARGV[2])
    end
    if type(held) == 'string' then return string.sub(held, 1, \(LockHolder.longestShown + 1)) end
    return held
    """)

  private static let renewal = Script(
    """
    if redis.call('get', KEYS[1]) == ARGV[1] then
      return redis.call('pexpire', KEYS[1], ARGV[2])
    end
    return 0
    """)

  private static let releasing = Script(
    """
    if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end
    if tonumber(ARGV[2]) > 0 then return redis.call('pexpire', KEYS[1], ARGV[2]) end
    return redis.call('del', KEYS[1])
    """)
}

/// Until when this process may rely on holding the lock, by the monotonic clock.
///
/// Counted from before the command was sent, so it never ends later than the key in Redis.
final class Lease: Sendable {
  private struct State {
    var acquiredAt: ContinuousClock.Instant?
    var end: ContinuousClock.Instant?
  }

  private let length: Duration
  private let state = Mutex(State())

  init(length: Duration) { self.length = length }

  var acquiredAt: ContinuousClock.Instant? { state.withLock(\.acquiredAt) }

  func confirm(since moment: ContinuousClock.Instant) {
    state.withLock { state in
      state.acquiredAt = state.acquiredAt ?? moment
      state.end = moment + length
    }
  }

  /// Never returns: waits until the lease ends without having been renewed, and throws.
  func waitForEnd(_ key: String) async throws {
    while true {
      if let end = state.withLock(\.end) { try await pause(until: end) }
      try check(key)
    }
  }

  func end() { state.withLock { $0.end = nil } }

  var isHeld: Bool { state.withLock(\.end).map { ContinuousClock.now < $0 } ?? false }

  /// - Throws: `JobFailure` of kind `lockLost` once the lease is over.
  func check(_ key: String) throws(JobFailure) {
    guard isHeld else {
      throw JobFailure(
        .lockLost, "the lease of the lock \(key) ended before it could be renewed",
        hint: "Was the process frozen, or Redis out of reach? The next run does the work.")
    }
  }
}
