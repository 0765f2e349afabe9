import Events
import JobRuntime

/// Processes dead letters again, in batches of their own.
extension EventDrain: Replayable {
  func replay(_ letters: [DeadLetter], _ run: JobRun) async throws -> [ReplayOutcome] {
    // Any partition will do for the transaction; a shard that has none leaves them to others.
    guard let partition = partitions(run).first else {
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
      let events = batch.filter { $0.kind != LetterKind.missed.name }
      if !events.isEmpty {
        try await worker.process(.replayed(events), movingTo: worker.position.place, entries: 0)
      }
      outcomes += batch.map {
        $0.kind == LetterKind.missed.name ? .postponed("what has left the stream has to be sent again") : .done
      }
    }
    return outcomes
  }
}
