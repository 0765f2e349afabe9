import Redis

extension JobRun {
  /// Writes many small shared keys at a time: the cheap form of `publish(_:timeToLive:)` for whole families of keys.
  ///
  /// One fence key stands for the family, and each key is replaced in one step: a reader sees the old content or the
  /// new one, whole. Keys are not replaced together; a run that is stopped leaves some old and some new. Contents above
  /// 4 KiB or 64 pairs are built beside their key first, which costs more.
  ///
  /// In Redis Cluster each key has its own fence key, which lives as long as the key itself, unless the family has a
  /// hash tag (`{feeds}:…`). Then an older run is kept from the keys that this one has written, and from all others as
  /// soon as it begins its next two thousand. In a dry run nothing is written.
  ///
  /// - Parameters:
  ///   - entries: in any number, each key once.
  ///   - family: the prefix of all these keys, the same in every run: `feed:`. `claim([family])` keeps earlier runs
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

  /// Writes keys of a cluster, each on the server that holds it.
  private func spread(_ publication: FamilyPublication) async throws -> [String] {
    // The keys that this run has not written yet have no fence key.
    try await redis { session in try publication.token.claim(&session) }
    return try await retrier.run("publishing in the cluster") {
      do {
        let cluster = try await clusterConnections.current(by: redisConnection, clientName: identity.job)
        let shares = try Dictionary(grouping: publication.entries) { entry in try cluster.holder(of: entry.key) }
        return try await withThrowingTaskGroup(of: [String].self) { group in
          for (holder, entries) in shares {
            var share = publication
            (share.entries, share.fencing) = (entries, .eachKey)
            group.addTask { [share] in
              // A key that has moved is found by the next attempt.
              try await cluster.connections[holder].withSession(followingMoves: false) { try share.carryOut(&$0) }
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
