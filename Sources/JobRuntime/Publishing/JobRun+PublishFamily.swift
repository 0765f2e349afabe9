import Redis

extension JobRun {
  /// Writes many small shared keys at a time: the cheap form of `publish(_:timeToLive:)` for whole families of keys.
  ///
  /// One fence key stands for the family, and each key is replaced in one step: a reader sees the old content or the
  /// new one, whole. Keys are not replaced together; a run that is stopped leaves some old and some new. Contents above
  /// 4 KiB or 64 pairs are built beside their key first, which costs more.
  ///
  /// In Redis Cluster each key has its own fence key, which lives as long as the key itself, unless the family has a
  /// hash tag (`{feeds}:…`). There an older run is kept from the keys that this one has written, and from all others as
  /// soon as it begins its next two thousand. Shares of one division (`JOB_SHARD_COUNT`) have different keys, and keep
  /// each other from nothing. In a dry run nothing is written.
  ///
  /// - Parameters:
  ///   - entries: in any number, each key once.
  ///   - family: the prefix of all these keys, the same in every run: `feed:`. `claim(family:)` keeps earlier runs
  ///     from the whole family.
  /// - Throws: `JobFailure` of kind `fenced` if a newer run has published keys of the family, or has claimed it.
  @discardableResult
  public func publish(_ entries: [FamilyEntry], fencedBy family: String) async throws -> FamilyOutcome {
    guard let leadership, !entries.isEmpty, !isDryRun else { return FamilyOutcome() }
    if let stranger = entries.first(where: { !$0.key.utf8.starts(with: family.utf8) }) {
      throw JobFailure(.internal, "the key «\(stranger.key)» is not of the family «\(family)» that it is fenced by")
    }
    // A newer run may have started and not published yet. (An empty transaction checks the fence.)
    try await transaction { _ in }
    log.debug("publishing", ["family": .string(family), "keys": .integer(Int64(entries.count))])
    var outcome = FamilyOutcome()
    var isCluster = clusterConnections.isUsed && KeySlot.hashTag(of: Array(family.utf8)) == nil
    var rest = entries[...]
    while !rest.isEmpty {
      try Task.checkCancellation()
      let publication = FamilyPublication(
        entries: Array(rest.prefix(Self.entriesAtOnce)), token: token(for: family, leadership), runID: id)
      do {
        outcome.kept += try await isCluster ? spread(publication) : redis { try publication.carryOut(&$0) }
      } catch RedisError.server(code: "CROSSSLOT", _) where !isCluster {
        isCluster = true
        continue
      }
      rest = rest.dropFirst(Self.entriesAtOnce)
    }
    outcome.written = entries.count - outcome.kept.count
    log.debug("published", ["family": .string(family), "kept": .integer(Int64(outcome.kept.count))])
    return outcome
  }

  /// How many keys are sent before the first answer is read.
  private static let entriesAtOnce = 2000

  /// Keeps earlier runs from publishing keys of a family from now on, before this run has something to publish.
  ///
  /// Other shares of the same division are not affected.
  public func claim(family: String) async throws {
    guard let leadership, !isDryRun else { return }
    let token = token(for: family, leadership)
    try await redis { session in try FamilyPublication.claim(by: token, &session) }
    log.debug("claimed the family")
  }

  /// Writes keys of a cluster, each on the server that holds it.
  private func spread(_ publication: FamilyPublication) async throws -> [String] {
    // The keys that this run has not written yet have no fence key.
    try await redis { session in try FamilyPublication.claim(by: publication.token, &session) }
    return try await onHolders(of: publication.entries, key: \.key, "publishing in the cluster") { entries, session in
      var share = publication
      (share.entries, share.fencing) = (entries, .eachKey)
      return try share.carryOut(&session)
    }
  }

  /// Does a piece of work on each server of a cluster that holds some of these keys, on all at once.
  ///
  /// When a key has moved meanwhile, or a server is lost, all of it is done again.
  ///
  /// - Returns: what the pieces returned, in any order.
  func onHolders<Item: Sendable, Value: Sendable>(
    of items: [Item], key: (Item) -> String, _ what: String,
    _ body: @escaping @Sendable ([Item], inout RedisSession) throws -> [Value]
  ) async throws -> [Value] {
    try await retrier.run(what) {
      do {
        let cluster = try await clusterConnections.current(by: redisConnection, clientName: identity.job)
        let shares = try Dictionary(grouping: items) { item in try cluster.holder(of: key(item)) }
        return try await withThrowingTaskGroup(of: [Value].self) { group in
          for (holder, items) in shares {
            group.addTask {
              // A key that has moved is found by the next attempt.
              try await cluster.connections[holder].withSession(followingMoves: false) { try body(items, &$0) }
            }
          }
          return try await group.reduce(into: []) { $0 += $1 }
        }
      } catch {
        clusterConnections.forget()
        throw error
      }
    }
  }
}
