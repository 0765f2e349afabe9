import JobRuntime

/// Indexes documents of dead letters again, by their ids, whatever else the run does.
extension Reindex: Replayable {
  /// Whether the run replays a letter: that of a document if it has the document's entity.
  ///
  /// The letter of an entity that failed is for a run that reads all of the entity.
  func takes(_ letter: DeadLetter, as shard: Shard) -> Bool {
    guard letter.isShare(of: shard) else { return false }
    let (entity, id) = Self.parts(of: letter)
    guard settings.entities.contains(where: { $0.name == entity }) else { return !settings.known.contains(entity) }
    return id != nil || [.changed, .rebuild].contains(settings.mode)
  }

  /// A rebuild reads all documents anyway; and what is written beside it would be lost with the old table.
  func replay(_ letters: [DeadLetter], _ run: JobRun) async throws -> [ReplayOutcome] {
    let outcomes = letters.map { _ in ReplayOutcome.leftToRun }
    var ids: [String: [String]] = [:]
    for letter in letters {
      let (entity, id) = Self.parts(of: letter)
      if let id { ids[entity, default: []].append(id) }
    }
    // A wrong language is reported by the run itself.
    guard !ids.isEmpty, settings.mode != .rebuild, try await complaintAboutLanguage(run) == nil else { return outcomes }
    let run = try await run.keepingOtherShardCountsOut(by: "reindex_sharding")
    try await Rebuild.abandon(run)
    let progress = Progress(settings.mode)
    for entity in settings.entities { try await index(ids[entity.name] ?? [], of: entity, progress, run) }
    try await flush(progress, run)
    return outcomes
  }

  private func index(_ ids: [String], of entity: Entity, _ progress: Progress, _ run: JobRun) async throws {
    // An entity that cannot be read is reported by the run itself.
    guard !ids.isEmpty, try await failure(reading: entity, run) == nil else { return }
    let (listing, pace) = (
      Listing(entity: entity, language: settings.language, progress: progress), Pace(rate: settings.rate)
    )
    var rest = ids[...]
    do {
      while !rest.isEmpty {
        let items = rest.prefix(try await pace.next(settings.batch, run)).map { Listing.Item(id: $0) }
        try await listing.index(items, run)
        rest = rest.dropFirst(items.count)
      }
    } catch let failure as SQLFile.Failure {
      run.log.warning(
        "an entity failed; the replay of its dead letters remains requested",
        ["entity": .string(entity.name), "error": .string(failure.description)])
    }
  }

  /// The entity and the id that a letter names (`ItemFailure.item`); no id where it is of the whole entity.
  private static func parts(of letter: DeadLetter) -> (entity: String, id: String?) {
    // By scalars: a slash with a combining mark after it is one `Character`.
    let letters = letter.item.unicodeScalars
    guard let slash = letters.firstIndex(of: "/") else {
      return (Untracked.entity(of: letter.item) ?? letter.item, nil)
    }
    return (String(letters[..<slash]), String(letters[letters.index(after: slash)...]))
  }
}
