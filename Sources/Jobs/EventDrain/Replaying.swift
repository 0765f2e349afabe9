import Events
import JobRuntime

/// Processes dead letters again, in batches of their own.
extension EventDrain: Replayable {
  func replay(_ letters: [DeadLetter], _ run: JobRun) async throws -> [ReplayOutcome] {
    // Any partition will do for the transaction; a shard that has none leaves them to others.
    guard let partition = try await readPartitions(run).first else {
      return letters.map { _ in .postponed("this shard has no partition") }
    }
    let progress = Progress(settings, run)
    var outcomes: [ReplayOutcome] = []
    let found = try await Position.read(partition, run).0
    guard let position = found else { return letters.map { _ in .postponed("the source was never read") } }
    var worker = Worker(settings: settings, progress: progress, run: run, position: position)
    try await worker.catchUpBoards()
    for start in stride(from: 0, to: letters.count, by: settings.batch) {
      let batch = Array(letters[start..<min(start + settings.batch, letters.count)])
      // What has left the stream before it was read is among them.
      let lost = try await StagedBatch.lost(batch, run)
      let events = batch.indices.filter { !lost.contains($0) }.map { batch[$0] }
      if !events.isEmpty {
        try await worker.process(.replayed(events), movingTo: worker.position.place, entries: 0)
      }
      outcomes += batch.indices.map {
        lost.contains($0) ? .postponed("its event is no longer stored, and has to be sent again") : .done
      }
    }
    return outcomes
  }

  /// Partitions of this shard; of a topic those that were ever read, so that its brokers need not be queried.
  private func readPartitions(_ run: JobRun) async throws -> [Partition] {
    guard settings.source == .kafka else { return partitions(run) }
    let source = source(run)
    return try await Position.clusters(of: source, run).keys.sorted()
      .filter { $0 % run.shard.count == run.shard.index }.map { Partition(source: source, number: $0) }
  }
}
