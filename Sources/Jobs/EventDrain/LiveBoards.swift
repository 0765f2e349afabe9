import Events
import JobRuntime
import Redis

/// The boards in Redis that the batches of one partition add to.
///
/// What a batch adds is committed with it and sent afterwards; a board's marks say which batches it has, so each is
/// added once.
struct LiveBoards {
  private let partition: Partition
  private let prefix: String
  private let progress: Progress
  private let run: JobRun
  /// Those that have steps which Redis is not known to have, or were sent some by this run.
  private var touched: Set<String> = []

  init(_ partition: Partition, prefix: String, _ progress: Progress, _ run: JobRun) {
    (self.partition, self.prefix, self.progress, self.run) = (partition, prefix, progress, run)
  }

  /// Sends what earlier runs have left, and what Redis has lost since.
  mutating func catchUp() async throws {
    for newest in try await BoardStep.newest(partition, run) {
      if newest.isUnsent { touched.insert(newest.board) }
      let tally = tally(newest.board)
      try await unlessRefused(newest.board) {
        if try await run.mark(of: tally) != newest.step.mark { try await reconcile(newest.board, tally) }
      }
    }
  }

  /// Sends what a batch adds.
  mutating func send(_ steps: [BoardStep]) async throws {
    guard !steps.isEmpty else { return }
    run.log.debug("sending to live boards")
    for step in steps {
      touched.insert(step.board)
      let tally = tally(step.board)
      try await unlessRefused(step.board) {
        let mark = try await run.add(step.step, to: tally)
        if mark != step.step.mark { try await reconcile(step.board, tally) }
      }
    }
    run.log.debug("sent to live boards")
  }

  /// Writes down that Redis has it all.
  func noteSent() async throws {
    let sent = touched.filter { progress.refusedBoards[prefix + $0] == nil }
    if !sent.isEmpty { try await BoardStep.noteSent(sent.sorted(), of: partition, run) }
  }

  private func tally(_ board: String) -> Tally { Tally(prefix + board, writer: partition.name) }

  /// Brings a board to where Postgres is: back to the last step that both know, and on from there.
  private func reconcile(_ board: String, _ tally: Tally) async throws {
    let steps = try await BoardStep.all(of: board, partition, run)
    guard let oldest = steps.first else { return }
    var mark = try await run.mark(of: tally)
    while !mark.isEmpty, !steps.contains(where: { $0.step.mark == mark }), mark != oldest.step.previous {
      // Postgres has lost this step, in a failover or a restore: its events are processed again.
      let before = try await run.takeBack(mark, from: tally)
      guard before != mark else { break }
      mark = before
    }
    let known = steps.firstIndex { $0.step.mark == mark }
    let missing = steps[(known.map { $0 + 1 } ?? 0)...]
    // Nothing before the oldest step is kept.
    let isIncomplete = known == nil && (mark != oldest.step.previous || mark.isEmpty && !oldest.isUnsent)
    if isIncomplete {
      run.log.warning(
        "a live board lacks some of its numbers: Redis or Postgres was restored to a time before the oldest kept batch",
        ["board": .string(tally.key), "partition": .string(partition.name)])
    }
    for (place, missing) in missing.enumerated() {
      var step = missing.step
      if place == 0 { step.previous = mark }
      _ = try await run.add(step, to: tally, beginsAgain: isIncomplete)
    }
  }

  /// A board that Redis refuses for good holds up no other, and no event.
  private func unlessRefused(_ board: String, _ work: () async throws -> Void) async throws {
    guard progress.refusedBoards[prefix + board] == nil else { return }
    do { try await work() } catch let error as RedisError where !error.isTransient {
      progress.refuse(prefix + board, JobFailure(error.isDenied ? .denied : .misconfigured, "\(error)", hint: nil))
    }
  }
}
