import Events
import JobRuntime
import Redis

/// Drains one partition of a Redis stream.
///
/// Redis' account of what is done is never relied on: Postgres decides.
struct StreamDrain: Drain {
  private let stream: Events.Stream
  private let settings: EventDrain.Settings
  private let progress: Progress
  private let run: JobRun
  private var worker: Worker?
  private var pageSize = PageSize()

  init(_ stream: Events.Stream, _ settings: EventDrain.Settings, _ progress: Progress, _ run: JobRun) {
    (self.stream, self.settings, self.progress, self.run) = (stream, settings, progress, run)
  }

  mutating func step(waiting wait: Duration) async throws -> Bool {
    do {
      if worker == nil { try await resume() }
      guard var worker, progress.ending == nil else { return false }
      defer { self.worker = worker }
      if try await worker.retry() { return true }
      var (isEmpty, isTooLarge) = (false, false)
      let canContinue = try await progress.lend(worker.size) { count in
        guard let page = try await stream.new(atMost: count, waiting: wait, &pageSize) else {
          isTooLarge = true
          return 0
        }
        isEmpty = page.ids.isEmpty
        try await process(page, &worker, isNew: true)
        return page.ids.count
      }
      // They are too large together. Now the group was given them, and they are read as such.
      if isTooLarge { try await finishEarlier(&worker, upTo: stream.standing().delivered ?? .start) }
      return canContinue && !isEmpty
    } catch RedisError.server(let code, _) where ["NOGROUP", "UNBLOCKED"].contains(code) {
      // Somebody has destroyed the group, or removed the stream while this run waited for it; it is made again.
      worker = nil
      return true
    } catch {
      // What Redis has given out meanwhile is found when the next step looks where everything stands.
      worker = nil
      throw error
    }
  }

  // MARK: What earlier runs have left

  private mutating func resume() async throws {
    var standing = try await stream.standing()
    let (found, server) = try await Position.read(stream.partition, run)
    if standing.delivered == nil {
      let start =
        found.map { place(toBeginAfter: $0, standing, server.now) }
        ?? (settings.start == .last ? standing.last : .start)
      try await stream.makeGroup(at: start)
      standing.delivered = start
    }
    let delivered = standing.delivered ?? .start
    let position: Position
    if let found {
      position = found
    } else {
      position = try await begin(after: settings.start == .last ? delivered : .start, standing)
    }
    var worker = Worker(settings: settings, progress: progress, run: run, position: position)
    try await worker.catchUpBoards()
    // Entries up to here had an outcome before this run.
    let before = worker.streamPlace
    var isUnfinished = before < delivered || standing.pending > 0
    if !isUnfinished { isUnfinished = try await worker.hasDue() }
    if isUnfinished { try await worker.countTry() }
    // In this order: pending entries must not move the position past entries that were not read.
    try await finishEarlier(&worker, upTo: delivered)
    if standing.pending > 0 { try await finishPending(&worker, knownUpTo: before) }
    self.worker = worker
  }

  /// Where a group is made again: what an entry up to the position has brought is done, and known as such for as long
  /// as the inbox remembers; of what is older, and of what was skipped at the start, nothing is read again.
  private func place(
    toBeginAfter position: Position, _ standing: Events.Stream.Standing, _ now: Timestamp
  ) -> StreamID {
    // A stream that ends before the position is another one, or was restored: the position does not apply to it.
    guard let place = StreamID(position.place), standing.last >= place else { return .start }
    guard settings.start == .first else { return place }
    let forgotten = (now - settings.keep).microseconds / 1000
    return min(place, StreamID(milliseconds: UInt64(max(0, forgotten))))
  }

  private func begin(after place: StreamID, _ standing: Events.Stream.Standing) async throws -> Position {
    try await Position.begin(
      stream.partition, at: "\(place)", added: place == standing.last ? standing.added : nil, run)
  }

  /// Reads what the group was given, and what has no outcome in this database: a killed run had read it, or Postgres was
  /// restored from before it was done.
  private mutating func finishEarlier(_ worker: inout Worker, upTo delivered: StreamID) async throws {
    while worker.streamPlace < delivered, progress.ending == nil {
      try await progress.lend(worker.size) { count in
        let page = try await stream.read(after: worker.streamPlace, upTo: delivered, atMost: count, &pageSize)
        if page.ids.isEmpty {
          // What is left of the way has left the stream.
          try await worker.process(.again([]), movingTo: "\(delivered)", entries: 0)
        }
        try await process(page, &worker, isNew: false)
        return page.ids.count
      }
    }
  }

  /// Processes what is pending: first what others have left is taken over.
  private mutating func finishPending(_ worker: inout Worker, knownUpTo before: StreamID) async throws {
    var gone: [StreamID] = []
    var cursor: StreamID? = .start
    while let from = cursor {
      let page = try await stream.claim(from: from, idle: settings.claimIdle, count: 100)
      gone += page.gone
      cursor = page.next
    }
    var last = StreamID.start
    var isEmpty = false
    while progress.ending == nil, !isEmpty {
      try await progress.lend(worker.size) { count in
        let page = try await stream.pending(after: last, atMost: count, &pageSize)
        for entries in page.entries.batches(ofBytes: Batch.mostBytes) {
          // They lie before the position and were counted on the way there; what is new was skipped.
          try await worker.process(.again(entries), movingTo: worker.position.place, entries: nil)
        }
        await acknowledge(page.ids)
        gone += page.gone
        isEmpty = page.ids.isEmpty
        last = page.last ?? last
        return page.entries.count
      }
    }
    // An older one may have been done and trimmed before it was acknowledged.
    try await miss(gone.filter { $0 > before }, &worker)
  }

  // MARK: Entries

  /// Processes entries that lie behind the position, and moves it.
  private func process(_ page: StreamPage, _ worker: inout Worker, isNew: Bool) async throws {
    var ids = page.ids[...]
    for entries in page.entries.batches(ofBytes: Batch.mostBytes) {
      let own = ids.prefix(entries.count)
      ids = ids.dropFirst(entries.count)
      guard let last = own.last else { return }
      try await worker.process(isNew ? .new(entries) : .again(entries), movingTo: "\(last)", entries: entries.count)
      await acknowledge(Array(own))
    }
  }

  /// Acknowledges entries; a lost acknowledgement costs the next run one look into the inbox, and nothing else.
  ///
  /// A connection that was lost is made again once, here: what is around it would process the batch again.
  private func acknowledge(_ ids: [StreamID]) async {
    run.log.debug("acknowledging")
    do {
      do { try await stream.acknowledge(ids) } catch let error as RedisError where error.isTransient {
        try await stream.acknowledge(ids)
      }
    } catch {
      run.log.warning(
        "entries of \(stream.partition.name) were not acknowledged; they are delivered again and recognised",
        ["error": .string("\(error)"), "entries": .integer(Int64(ids.count))])
    }
    run.log.debug("acknowledged")
  }

  private func miss(_ ids: [StreamID], _ worker: inout Worker) async throws {
    guard !ids.isEmpty else { return }
    let failures = ids.map { id in
      ItemFailure(
        item: "\(stream.partition.name)/\(id)", kind: .missed, message: "the entry left the stream before it was done")
    }
    try await worker.position.noteMissed(failures, run)
    try progress.update { $0.missed += ids.count }
  }

  // MARK: The end

  mutating func finish() async throws {
    guard var worker else { return }
    try await worker.boards.noteSent()
    let stream = stream
    let standing = try await run.retrying("looking at the stream") { try await stream.standing() }
    try progress.update { $0.behind += standing.behind }
    try await compare(standing, &worker)
    if settings.streamKeep > .zero {
      let (_, server) = try await Position.read(stream.partition, run)
      let (end, place) = (min(progress.moment, server.now) - settings.streamKeep, worker.streamPlace)
      let trimmed = try await run.retrying("trimming the stream") {
        try await stream.trim(before: end, handledUpTo: place)
      }
      try progress.update { $0.trimmed += trimmed }
    }
    let place = worker.position.place
    try progress.update { $0.positions[stream.partition.name] = place }
    self.worker = worker
    await stream.close()
  }

  /// Compares what was added to the stream with what was read, where both have come to one end.
  private func compare(_ standing: Events.Stream.Standing, _ worker: inout Worker) async throws {
    guard let added = standing.added, standing.last == worker.streamPlace, standing.pending == 0 else { return }
    var failures: [ItemFailure] = []
    var missed = 0
    if let before = worker.position.added {
      missed = max(0, added - before - worker.position.read)
      if missed > 0 {
        failures.append(
          ItemFailure(
            item: "\(stream.partition.name)/\(standing.last)", kind: .missed,
            message: "\(missed) of \(added - before) entries left the stream before they were read",
            payload: ["missed": .integer(Int64(missed)), "until": .string("\(standing.last)")]))
      }
    }
    guard worker.position.added != added || worker.position.read != 0 else { return }
    try await worker.position.noteEnd(added: added, failures, run)
    try progress.update { $0.missed += missed }
  }
}

extension Worker {
  /// The last entry whose outcome is committed.
  var streamPlace: StreamID { StreamID(position.place) ?? .start }
}
