import Events
import JobRuntime

/// Drains `oneshot.events`.
struct TableDrain: Drain {
  private let table: EventTable
  private let settings: EventDrain.Settings
  private let progress: Progress
  private let run: JobRun
  private var worker: Worker?

  init(_ table: EventTable, _ settings: EventDrain.Settings, _ progress: Progress, _ run: JobRun) {
    (self.table, self.settings, self.progress, self.run) = (table, settings, progress, run)
  }

  mutating func step(waiting wait: Duration) async throws -> Bool {
    do {
      if worker == nil { worker = try await resume() }
      guard var worker, progress.ending == nil else { return false }
      defer { self.worker = worker }
      if try await worker.retry() { return true }
      if try await read(&worker) { return true }
      if wait > .zero { try await Task.sleep(for: min(wait, .milliseconds(200))) }
      return false
    } catch {
      worker = nil
      throw error
    }
  }

  private func resume() async throws -> Worker {
    let (found, _) = try await Position.read(table.partition, run)
    let position: Position
    if let found {
      position = found
    } else {
      try await table.adopt(run)
      let now = try await Position.read(table.partition, run).1.snapshot
      let start = TablePosition(seen: settings.start == .last ? now : nil)
      position = try await Position.begin(table.partition, at: "\(start)", added: nil, run)
    }
    var worker = Worker(settings: settings, progress: progress, run: run, position: position)
    try await worker.catchUpBoards()
    var isUnfinished = worker.tablePlace.pass != nil
    if !isUnfinished { isUnfinished = try await worker.hasDue() }
    if isUnfinished { try await worker.countTry() }
    return worker
  }

  /// - Returns: whether anything was read, or a pass came to its end.
  private func read(_ worker: inout Worker) async throws -> Bool {
    var place = worker.tablePlace
    if place.pass == nil {
      if place.seen == nil { try await table.adopt(run) }
      var (_, server) = try await Position.read(table.partition, run)
      if place.isAhead(of: server.snapshot) {
        run.log.warning("the position of oneshot.events belongs to another server; the whole table is read again")
        place = TablePosition()
        try await table.adopt(run)
        server = try await Position.read(table.partition, run).1
      }
      guard let begun = try await table.begin(place, until: server.snapshot, run) else { return false }
      place = begun
      // Whether this run gets to its end is not known yet.
      try await worker.countTry()
    }
    guard let pass = place.pass else { return false }
    return try await progress.lend(worker.size) { count in
      let page = try await table.page(place, count: count, bytes: Batch.mostBytes, run)
      if let last = page.last {
        place.pass = .init(until: pass.until, seq: last.seq)
      } else {
        place = TablePosition(seen: pass.until)
      }
      try await worker.process(.new(page.map(\.entry)), movingTo: "\(place)", entries: page.count)
      return page.count
    }
  }

  mutating func finish() async throws {
    guard let worker else { return }
    try await worker.boards.noteSent()
    let (_, server) = try await Position.read(table.partition, run)
    let behind = try await table.behind(worker.tablePlace, run)
    try progress.update { report in
      report.behind += behind
      report.positions[table.partition.name] = worker.position.place
    }
    guard settings.streamKeep > .zero else { return }
    let trimmed = try await table.trim(
      before: min(progress.moment, server.now) - settings.streamKeep, worker.tablePlace, run)
    try progress.update { $0.trimmed += trimmed }
  }
}

extension Worker {
  var tablePlace: TablePosition { TablePosition(position.place) ?? TablePosition() }
}
