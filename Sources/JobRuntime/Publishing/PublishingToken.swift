import Redis

/// The right of a run to publish a shared key: its fence.
///
/// Redis compares it with the newest that has claimed or published the key, in the same step that changes the key.
///
/// All shards of a job take their fences from one sequence (see `Ledger.open`), so that a run with the whole work and
/// one with a share of it have different fences, too. Only when they start at the same moment may they have the same
/// number; then the first one keeps the key.
struct PublishingToken: Sendable {
  var fence: Int64
  var shard: Shard
  var job: String
  /// The installation; see `RunIdentity`.
  var instance = ""
  /// The database that issued the fence; empty where it does not report that.
  var origin = ""
  /// The key that holds the newest token: a number that only ever rises, and the share of the work where that is not
  /// the whole.
  var key: String

  /// The owner of the fence, as the key beside a shared key names it.
  var owner: String { RunIdentity.qualified(job, instance) }

  private var place: String { origin.isEmpty ? "" : " in \(origin)" }

  private var share: String { shard.isWhole ? "" : " of shard \(shard.index)/\(shard.count)" }

  /// Keeps older runs from publishing the key from now on.
  func claim(_ session: inout RedisSession) throws { try pass(Self.claiming, keys: [], arguments: [], &session) }

  /// Runs a script that changes keys if the token is the newest.
  ///
  /// - Throws: `JobFailure` of kind `fenced` if it is not; a transient error if the script found its keys gone.
  func pass(_ script: Script, keys: [String], arguments: [String], _ session: inout RedisSession) throws {
    try judge(try session.run(script, keys: [key] + keys, arguments: credentials + arguments))
  }

  /// The first arguments of each script.
  var credentials: [String] { ["\(fence)", share + place] }

  /// The same token, stored under another key.
  func moved(to key: String) -> PublishingToken {
    var token = self
    token.key = key
    return token
  }

  /// Reads a script's answer: `done` or a list when it accepted the token.
  ///
  /// - Throws: as `pass`; the server's error if it is one.
  func judge(_ answer: RedisValue) throws {
    if case .error(let code, let message) = answer { throw RedisError.server(code: code, message: message) }
    if case .array = answer { return }
    switch answer.text {
    case "done": return
    case "gone": throw RedisError.server(code: "TRYAGAIN", message: "what was built is gone before it was published")
    case let newest: throw failure(newest ?? "?")
    }
  }

  private func failure(_ newest: String) -> JobFailure {
    let isOfOurs = !place.isEmpty && newest.hasSuffix(place)
    var failure = JobFailure(
      .fenced,
      "a newer run has published: this run's fence is \(fence)\(share), Redis has seen \(isOfOurs ? String(newest.dropLast(place.count)) : newest) (\(key))",
      hint:
        "Nothing to do: the newer run publishes. But if there is none, Postgres has lost the numbers that Redis has seen, in a "
        + "failover to a replica that lagged or a restore: then run `oneshot after-restore`, once, as the tables' owner."
    )
    if isOfOurs { failure.seen = Int64(newest.prefix(while: \.isNumber)) }
    return failure
  }

  /// A script that continues only with the newest token.
  ///
  /// `KEYS[1]` is the key that holds it, `ARGV[1]` and `ARGV[2]` are the two parts of this token, `mine` is the value
  /// to store; it answers `done`, `gone`, or the newer token.
  static func script(_ rest: String) -> Script {
    Script(
      """
      local mine = ARGV[1] .. ARGV[2]
      local kept = redis.call('get', KEYS[1]) or '0'
      local newest = tonumber(string.match(kept, '^%d+') or '0')
      if newest > tonumber(ARGV[1]) or (newest == tonumber(ARGV[1]) and kept ~= mine) then return kept end

      """ + rest)
  }

  private static let claiming = script(
    """
    redis.call('set', KEYS[1], mine)
    return 'done'
    """)
}
