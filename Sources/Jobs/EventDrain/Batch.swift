import Events
import JobRuntime
import Postgres

/// What one transaction processes.
enum Batch: Sendable {
  /// What the source hands over for the first time.
  case new([Entry])
  /// What it may have handed over before.
  case again([Entry])
  /// Waiting events that are due, this many at most.
  case due(Int)
  /// Dead letters that are replayed.
  case replayed([DeadLetter])

  var entries: [Entry] {
    switch self {
    case .new(let entries), .again(let entries): entries
    case .due, .replayed: []
    }
  }

  /// Whether the inbox has said of its events that they wait or are dead.
  var isOfKnown: Bool {
    switch self {
    case .new, .again: false
    case .due, .replayed: true
    }
  }

  /// More bytes of events than this are not in one transaction.
  static let mostBytes = 4 * 1024 * 1024
}

/// Processes the batches of one partition, one transaction each.
struct Worker {
  let settings: EventDrain.Settings
  let progress: Progress
  let run: JobRun
  var position: Position
  private(set) var boards: LiveBoards

  init(settings: EventDrain.Settings, progress: Progress, run: JobRun, position: Position) {
    (self.settings, self.progress, self.run, self.position) = (settings, progress, run, position)
    boards = LiveBoards(position.partition, prefix: settings.boardPrefix, progress, run)
  }

  /// Brings the live boards to where the last committed batch has left them.
  mutating func catchUpBoards() async throws { try await boards.catchUp() }

  /// From how many tries on what is unfinished is read in smaller batches, and from how many on an event that is alone in
  /// one is given up.
  private static let smallerFrom = 3
  private static let fatalFrom = 12

  /// How many events the next batch has: fewer with each run that has ended in the middle of one.
  var size: Int {
    position.tries < Self.smallerFrom
      ? progress.room : max(1, progress.room >> (position.tries - Self.smallerFrom + 1))
  }

  private var isFatal: Bool { position.tries >= Self.fatalFrom && size == 1 }

  /// Processes a batch and moves the position, in one transaction.
  ///
  /// - Parameters:
  ///   - place: where the partition stands then.
  ///   - entries: how many entries were read on the way; `nil` where they were counted before, but for what is new.
  mutating func process(_ batch: Batch, movingTo place: String, entries: Int?) async throws {
    let (run, settings, progress, moment, position) = (run, settings, progress, progress.moment, position)
    let (isFatal, broken, heldUp) = (isFatal, progress.broken, progress.heldUp)
    let done = try await run.transaction { tx in
      let staged = StagedBatch(position, settings.reading, at: moment)
      let turns =
        switch batch {
        case .new(let entries), .again(let entries): try staged.stage(entries, tx)
        case .due(let count):
          try staged.stageDue(
            count: count, bytes: Batch.mostBytes, attempts: settings.fewestAttempts, heldUp: heldUp, tx)
        case .replayed(let letters): try staged.stage(letters, tx)
        }
      var processing = Processing(
        settings, at: moment, since: run.scheduledAt, until: progress.end, isFatal: isFatal, broken: broken)
      for turn in turns { try processing.carryOut(turn, tx) }
      let settled = try staged.settle(
        processing.events, processing.outcomes, held: processing.held, wereKnown: batch.isOfKnown, movingTo: place,
        entries: entries ?? processing.events.count, run, tx)
      try tx.reject(settled.dead.compactMap { Self.failure($0, processing.outcomes, batch) })
      return Done(
        settled: settled, events: processing.events.count, ignored: processing.ignored, broken: processing.broken)
    }
    self.position.place = place
    self.position.batch += 1
    self.position.tries = 0
    self.position.read += entries ?? done.events
    try count(done, batch)
    try await boards.send(done.settled.boards)
  }

  private struct Done {
    var settled: StagedBatch.Settled
    var events: Int
    var ignored: Int
    var broken: [String: String]
  }

  private static func failure(
    _ dead: StagedBatch.Settled.Dead, _ outcomes: [Int: StagedBatch.Outcome], _ batch: Batch
  ) -> ItemFailure? {
    guard let outcome = outcomes[dead.event] else { return nil }
    // An event's number counts from 1.
    let kept: JSON =
      switch batch {
      case .new(let entries), .again(let entries): entries[dead.event - 1].rest
      case .replayed(let letters): .verbatim(letters[dead.event - 1].payload)
      case .due: [:]
      }
    return ItemFailure(
      item: dead.item, kind: outcome.kind, message: dead.problem ?? outcome.message, payload: dead.payload ?? kept)
  }

  private func count(_ done: Done, _ batch: Batch) throws {
    progress.hold(done.broken, done.settled.types.filter(\.isHeld).map(\.type))
    try progress.update { report in
      report.batches += 1
      report.ignored += done.ignored
      let known = batch.entries.count - done.events - done.ignored
      switch batch {
      case .new(let entries):
        report.read += entries.count
        report.duplicates += known
      case .again(let entries):
        report.read += entries.count
        report.redelivered += known
      case .due, .replayed: report.retried += done.events
      }
      for type in done.settled.types {
        report.count(type.type, done: type.done, waiting: type.waiting, failed: type.dead)
      }
    }
    run.log.progress("events", progress.report.read)
  }

  /// Processes waiting events that are due.
  ///
  /// - Returns: whether there were any.
  mutating func retry() async throws -> Bool {
    guard try await hasDue() else { return false }
    try await process(.due(size), movingTo: position.place, entries: 0)
    return true
  }

  /// Notes that this run has found unfinished work, before it continues that work: once, however often it begins again.
  mutating func countTry() async throws {
    guard !progress.hasCountedTry(of: position.partition) else { return }
    try await position.countTry(run)
    progress.noteTry(of: position.partition)
  }

  func hasDue() async throws -> Bool {
    try await Inbox.hasDue(position.partition, at: progress.moment, heldUp: progress.heldUp, run)
  }
}

extension EventDrain.Settings {
  /// How envelopes are read, and who takes them.
  var reading: Reading {
    Reading(keyPath: keyPath, takers: handlers.flatMap(\.takers), ignoresUnknown: unknown == .ignore)
  }
}
