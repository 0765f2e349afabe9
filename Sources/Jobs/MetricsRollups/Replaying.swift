import JobRuntime
import Postgres

/// Queues buckets of dead letters again; the run then calculates them like all others, and resolves or rejects them.
extension MetricsRollups: Replayable {
  /// A letter belongs to the incremental run that has its source and its level, in the share that has the source.
  func takes(_ letter: DeadLetter, as shard: Shard) -> Bool {
    guard settings.mode == .incremental else { return false }
    if let bucket = RequestedBucket(letter.item), !settings.granularities.contains(bucket.granularity) { return false }
    let source = letter.item.prefix { $0 != " " }
    guard let place = settings.sources.firstIndex(where: { $0.name == source }) else {
      return !settings.hasChosenSources && letter.isShare(of: shard)
    }
    return place % shard.count == shard.index
  }

  /// Queues the buckets of the letters.
  ///
  /// A letter about late events names no bucket, and its replay stays requested: the other events of its hour are gone.
  ///
  /// A run that cannot continue from the positions of its sources queues nothing: the next run would calculate what it
  /// had queued.
  func replay(_ letters: [DeadLetter], _ run: JobRun) async throws -> [ReplayOutcome] {
    let outcomes = letters.map { letter in
      RequestedBucket(letter.item) != nil || letter.kind != LetterKind.tooLate.name
        ? ReplayOutcome.leftToRun : .postponed("the other events of its hour are gone")
    }
    let buckets = letters.compactMap { RequestedBucket($0.item) }
    guard !buckets.isEmpty else { return outcomes }
    _ = try await RollupPass(settings, run, opensBorders: true)
    let sources = Set(buckets.map(\.source)).sorted()
    // Holding the borders means that oneshot.close_raw closes something either before this check, or after the buckets
    // are in the queue.
    let holdingBorders: Statement = """
      select from oneshot.rollup_positions where source = any (\(sources)::text[]) order by source for update
      """
    let queue = try Statement(
      file: "queue_requested.sql", PackageResources.queue_requested_sql,
      binding: [
        "zone": settings.timezone, "sources": buckets.map(\.source), "levels": buckets.map(\.granularity.rawValue),
        "moments": buckets.map(\.start), "first_bucket": Bucket.allBuckets.start, "last_bucket": Bucket.allBuckets.end,
      ])
    try await run.transaction { tx in
      try tx.query(holdingBorders)
      try tx.execute(queue)
    }
    return outcomes
  }
}

/// A bucket, parsed from the name that it has among dead letters (`CalculatedRollups.item`).
private struct RequestedBucket {
  let source: String
  let granularity: Granularity
  let start: Timestamp

  init?(_ item: String) {
    let words = item.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
    guard words.count == 3, let granularity = Granularity(rawValue: words[1]), let start = Timestamp(rfc3339: words[2])
    else { return nil }
    (source, self.granularity, self.start) = (words[0], granularity, start)
  }
}
