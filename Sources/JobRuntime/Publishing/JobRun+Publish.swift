import Redis

extension JobRun {
  /// Puts new contents in the place of shared keys: the only door to them.
  ///
  /// What is new is built beside, and takes its place in one step for all keys together, in which the server
  /// also looks whether a newer run has published: a reader sees the old or the new, whole. In Redis Cluster
  /// keys of different slots are replaced one after the other; a hash tag (`{top}:…`) puts them into one slot.
  /// In a dry run nothing is done.
  ///
  /// - Parameters:
  ///   - replacements: the first one's key stands for all in the comparison of fences.
  ///   - life: how long the keys live; for ever without it.
  public func publish(_ replacements: [Replacement], timeToLive life: Duration? = nil) async throws {
    guard let leadership, let first = replacements.first, !isDryRun else { return }
    // A newer run may have started and not published yet. (An empty transaction is a look at the fence.)
    try await transaction { _ in }
    let publication = Publication(
      replacements: replacements, fenceKey: fenceKey(of: first.key, leadership), fence: leadership.fence, life: life,
      runID: id)
    do {
      log.debug("publishing", ["key": .string(first.key)])
      try await redis { session in try publication.carryOut(&session) }
      log.debug("published", ["key": .string(first.key)])
    } catch RedisError.server(code: "CROSSSLOT", _) where replacements.count > 1 {
      for replacement in replacements { try await publish([replacement], timeToLive: life) }
    }
  }

  /// Keeps earlier runs from publishing these keys from now on, before this one has something to publish.
  public func claim(_ keys: [String]) async throws {
    guard let leadership, !isDryRun else { return }
    for key in keys {
      let fenceKey = fenceKey(of: key, leadership)
      try await redis { session in try Publication.claim(fenceKey, leadership.fence, &session) }
    }
    log.debug("claimed the keys")
  }

  /// Where the newest token that has published a key is kept: a number that only ever rises.
  private func fenceKey(of key: String, _ leadership: Leadership) -> String {
    // A job and each of its shards count tokens of their own.
    Replacement.companion(of: key, "fence", job + (shard.isWhole ? "" : "/\(shard.index)"))
  }
}

/// Replacements on their way, with the token that lets them pass.
private struct Publication: Sendable {
  var replacements: [Replacement]
  var fenceKey: String
  var fence: Int64
  var life: Duration?
  var runID: RunID

  /// Until when a key that was built must have been renamed.
  private static let buildingLife = Duration.minutes(10)

  func carryOut(_ session: inout RedisSession) throws {
    let temporary = replacements.map { Replacement.companion(of: $0.key, "new", runID.description) }
    // A cluster says first of all, and wherever it is asked, when keys are not of one slot.
    let question = RedisCommand("EXISTS", bytes: replacements.map { Array($0.key.utf8) })
    let building = zip(replacements, temporary).flatMap { $0.build(under: $1, for: Self.buildingLife) }
    for case .error(let code, let message) in try session.pipeline([question] + building) {
      throw RedisError.server(code: code, message: message)
    }
    let answer = try session.run(
      Self.publishing, keys: [fenceKey] + zip(replacements, temporary).flatMap { [$0.key, $1] },
      arguments: ["\(fence)", "\(life?.inMilliseconds ?? 0)"] + replacements.map { $0.isEmpty ? "0" : "1" })
    try Self.check(answer, fence, fenceKey)
  }

  static func claim(_ fenceKey: String, _ fence: Int64, _ session: inout RedisSession) throws {
    try check(session.run(claiming, keys: [fenceKey], arguments: ["\(fence)"]), fence, fenceKey)
  }

  private static func check(_ answer: RedisValue, _ fence: Int64, _ fenceKey: String) throws {
    switch answer.integer {
    case 0: return
    case -1: throw RedisError.server(code: "TRYAGAIN", message: "what was built is gone before it was published")
    case let newest:
      throw JobFailure(
        .fenced,
        "a newer run has published: this run's fence is \(fence), Redis has seen \(newest.map(String.init) ?? "?")",
        hint: "Nothing to do, unless oneshot.fences was restored from a backup: then delete \(fenceKey) in Redis.")
    }
  }

  /// Answers 0 when all is done, else the newer token.
  private static let comparison = """
    local newest = tonumber(redis.call('get', KEYS[1]) or '0')
    if newest > tonumber(ARGV[1]) then return newest end

    """

  private static let claiming = Script(
    comparison + """
      redis.call('set', KEYS[1], ARGV[1])
      return 0
      """)

  /// Everything that can fail stands before the first change.
  private static let publishing = Script(
    comparison + """
      for pair = 2, #KEYS, 2 do
        if redis.call('exists', KEYS[pair + 1]) ~= tonumber(ARGV[pair / 2 + 2]) then return -1 end
      end
      redis.call('set', KEYS[1], ARGV[1])
      for pair = 2, #KEYS, 2 do
        local key, new = KEYS[pair], KEYS[pair + 1]
        redis.call('unlink', key)
        if redis.call('exists', new) == 1 then
          if ARGV[2] == '0' then redis.call('persist', new) else redis.call('pexpire', new, ARGV[2]) end
          redis.call('rename', new, key)
        end
      end
      return 0
      """)
}
