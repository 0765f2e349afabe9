import Redis

extension JobRun {
  /// Replaces the contents of shared keys: the only way to write them.
  ///
  /// The new contents are built beside the old ones and replace them in one step for all keys together. In the same
  /// step the server checks whether a newer run has published. A reader sees the old or the new contents, whole. In
  /// Redis Cluster keys of different slots are replaced one after the other; a hash tag (`{top}:…`) puts them into one
  /// slot. In a dry run nothing is done.
  ///
  /// - Parameters:
  ///   - replacements: the fence is compared at the first one's key, for all of them.
  ///   - life: how long the keys live; for ever without it.
  public func publish(_ replacements: [Replacement], timeToLive life: Duration? = nil) async throws {
    guard let leadership, let first = replacements.first, !isDryRun else { return }
    // A newer run may have started and not published yet. (An empty transaction checks the fence.)
    try await transaction { _ in }
    let publication = Publication(
      replacements: replacements, token: token(for: first.key, leadership), life: life, runID: id)
    do {
      log.debug("publishing", ["key": .string(first.key)])
      try await redis { session in try publication.carryOut(&session) }
      log.debug("published", ["key": .string(first.key)])
    } catch RedisError.server(code: "CROSSSLOT", _) where replacements.count > 1 {
      for replacement in replacements { try await publish([replacement], timeToLive: life) }
    }
  }

  /// Keeps earlier runs from publishing these keys from now on, before this run has something to publish.
  public func claim(_ keys: [String]) async throws {
    guard let leadership, !isDryRun else { return }
    for key in keys {
      let token = token(for: key, leadership)
      try await redis { session in try token.claim(&session) }
    }
    log.debug("claimed the keys")
  }

  func token(for key: String, _ leadership: Leadership) -> PublishingToken {
    PublishingToken(
      fence: leadership.fence, shard: shard, job: identity.job, instance: identity.instance,
      origin: leadership.origin ?? "",
      key: Replacement.companion(of: key, "fence", identity.qualifiedJob))
  }
}

/// Replacements to be written, with the fencing token.
private struct Publication: Sendable {
  var replacements: [Replacement]
  var token: PublishingToken
  var life: Duration?
  var runID: RunID

  func carryOut(_ session: inout RedisSession) throws {
    let temporary = replacements.map { Replacement.companion(of: $0.key, "new", runID.description) }
    // Every server of a cluster reports first of all when keys are not of one slot.
    let question = RedisCommand("EXISTS", bytes: replacements.map { Array($0.key.utf8) })
    // An earlier attempt of this run may have left some of it.
    let removal = RedisCommand("UNLINK", bytes: temporary.map { Array($0.utf8) })
    try session.carryOut([question, removal] + zip(replacements, temporary).flatMap { $0.build(under: $1) })
    try token.pass(
      Self.publishing, keys: zip(replacements, temporary).flatMap { [$0.key, $1] },
      arguments: ["\(life?.inMilliseconds ?? 0)"] + replacements.map { $0.content.isEmpty ? "0" : "1" }, &session)
  }

  /// Everything that can fail comes before the first change.
  private static let publishing = PublishingToken.script(
    """
    for pair = 2, #KEYS, 2 do
      if redis.call('exists', KEYS[pair + 1]) ~= tonumber(ARGV[pair / 2 + 3]) then return 'gone' end
    end
    redis.call('set', KEYS[1], mine)
    for pair = 2, #KEYS, 2 do
      local key, new = KEYS[pair], KEYS[pair + 1]
      redis.call('unlink', key)
      if ARGV[pair / 2 + 3] == '1' then
        if ARGV[3] == '0' then redis.call('persist', new) else redis.call('pexpire', new, ARGV[3]) end
        redis.call('rename', new, key)
      end
    end
    return 'done'
    """)
}
