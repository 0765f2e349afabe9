import Events
import JobRuntime
import Kafka
import Postgres
import Redis

/// Passes events of a Redis stream, of a Kafka topic, or of the table `oneshot.events`, to handlers: each has its effect
/// once.
///
/// - Reads and writes: the stream and its group, or the topic and the group's offsets; `oneshot.events`,
///   `oneshot.event_…`, `oneshot.live_batches`; keys `live:{board}`; what the handlers need.
/// - Safe to run twice: the inbox records that an event is done, in the transaction of its effect.
/// - Safe to stop halfway: a batch is one transaction, which moves the position; the broker is informed afterwards.
/// - If it is late: one run processes more.
@main
struct EventDrain: Job {
  static let facts = JobFacts(
    name: "event-drain",
    summary: "passes durable events to their handlers, each once",
    keepsDataInRedis: true,
    schema: [
      MigrationNeed("events", 5), MigrationNeed("fraud", 10), MigrationNeed("rollups", 1),
      MigrationNeed("search", 1), MigrationNeed("notifications", 2), MigrationNeed("waitlist", 3),
      MigrationNeed("rewards", 2),
    ],
    tables: [
      TableNeed(
        "oneshot.event_inbox", columns: ["event_id", "state", "due_at"],
        privileges: [.select, .insert, .update, .delete]),
      TableNeed(
        "oneshot.event_positions", columns: ["source", "partition", "position", "batch"],
        privileges: [.select, .insert, .update]),
      TableNeed(
        "oneshot.live_batches", columns: ["source", "partition", "board", "batch", "mark"],
        privileges: [.select, .insert, .update, .delete]),
    ],
    letterKinds: [.malformed, .unknown, .rejected, .absent, .failed, .fatal, .missed])

  let settings: Settings

  func run(_ run: JobRun) async throws -> Report {
    let progress = Progress(settings, run)
    guard !run.isDryRun else { return try await plan(progress, run) }
    let topic = try await topic(run)
    try await topic?.begin(run)
    let partitions = topic?.partitions ?? partitions(run)
    let lanes = max(1, min(settings.parallel, partitions.count))
    let (settings, drains) = (settings, self)
    let endings = try await run.inLanes(lanes) { lane, run in
      let own = partitions.enumerated().filter { $0.offset % lanes == lane }.map(\.element)
      var ownDrains = drains.drains(own, lane == 0 ? topic?.client : nil, lanes: lanes, progress, run)
      return try await drains.drain(&ownDrains, progress, run)
    }
    try await Inbox.forget(before: progress.moment - settings.keep, age: settings.keep, run)
    return try await close(progress, endings, partitions, run)
  }

  /// Those of this shard, but for a topic's, which only its brokers know.
  func partitions(_ run: JobRun) -> [Partition] {
    let count = settings.source == .redis ? settings.partitions : 1
    return (0..<count).filter { $0 % run.shard.count == run.shard.index }.map {
      Partition(source: source(run), number: $0)
    }
  }

  /// What the partitions are of.
  func source(_ run: JobRun) -> String {
    let installation = run.instance.isEmpty ? "" : "\(run.instance)/"
    return switch settings.source {
    case .redis: "\(installation)redis:\(settings.stream)"
    case .kafka: "\(installation)kafka:\(settings.kafka.topic)"
    case .postgres: "\(installation)postgres:oneshot.events"
    }
  }

  /// The topic, where events come from one.
  func topic(_ run: JobRun) async throws -> Topic? {
    guard settings.source == .kafka else { return nil }
    return try await Topic(settings, source: source(run), lanes: settings.parallel, run)
  }

  /// - Parameter client: of a topic, if there is one that is free.
  private func drains(
    _ partitions: [Partition], _ client: (any TopicClient)?, lanes: Int, _ progress: Progress, _ run: JobRun
  ) -> [any Drain] {
    switch settings.source {
    case .redis: partitions.map { StreamDrain(stream($0, run), settings, progress, run) }
    case .kafka:
      partitions.isEmpty
        ? [] : [TopicDrain(partitions, client, prefetch: Topic.prefetch / lanes, settings, progress, run)]
    case .postgres:
      partitions.map { TableDrain(EventTable($0, atMost: settings.mostBytes), settings, progress, run) }
    }
  }

  func stream(_ partition: Partition, _ run: JobRun) -> Events.Stream {
    Events.Stream(
      partition, key: settings.partitions == 1 ? settings.stream : "\(settings.stream):\(partition.number)",
      group: settings.group, field: settings.field, atMost: settings.mostBytes, run)
  }

  /// Takes a batch of each partition in turn, until all are empty or the run's time is over.
  private func drain(
    _ drains: inout [any Drain], _ progress: Progress, _ run: JobRun
  ) async throws -> Report.Ending {
    var wait = Duration.zero
    while progress.ending == nil {
      var isEmpty = true
      for index in drains.indices {
        try Task.checkCancellation()
        var failure: (any Error)?
        let hasWorked = try await run.retrying("draining events") {
          // Once the time is over a step does nothing: what has failed before would end as if all were well.
          if let failure, progress.ending != nil { throw failure }
          do { return try await drains[index].step(waiting: wait) } catch {
            failure = error
            throw error
          }
        }
        if hasWorked { isEmpty = false }
      }
      wait = .zero
      guard isEmpty else { continue }
      guard progress.lingers > .zero, !drains.isEmpty else { break }
      wait = max(.milliseconds(1), min(progress.lingers, .seconds(1) / max(1, drains.count)))
    }
    let ending = progress.ending
    for index in drains.indices { try await drains[index].finish() }
    return ending ?? .empty
  }

  /// Looks at what waits, and fails where a handler has a mistake: its events wait for it.
  private func close(
    _ progress: Progress, _ endings: [Report.Ending], _ partitions: [Partition], _ run: JobRun
  ) async throws -> Report {
    if let source = partitions.first?.source {
      try await warnOfOthers(than: partitions, run)
      let waiting = try await Inbox.waiting(source, partitions.map(\.number), run)
      let now = progress.moment
      try progress.update { report in
        report.waiting = waiting.events
        report.partitions = partitions.count
        report.oldestSeconds = waiting.since.map { Double(max(0, (now - $0).inMilliseconds)) / 1000 } ?? 0
        report.endedBy = endings.first { $0 != .empty } ?? .empty
      }
    }
    guard let (name, mistake) = progress.broken.min(by: { $0.key < $1.key }) else {
      guard let (key, refusal) = progress.refusedBoards.min(by: { $0.key < $1.key }) else { return progress.report }
      throw JobFailure(
        refusal.kind, "the live board \(key) cannot be updated, and its numbers wait: \(refusal.message)",
        hint: "Correct the cause; the next run sends the numbers. All events are done.")
    }
    throw JobFailure(
      .misconfigured, "the handler \(name) has a mistake, and its events wait: \(mistake)",
      hint: "Correct the file, its tables or its grants; the next run processes what waits. All other events are done.")
  }

  /// Partitions that were read before their number was lowered: what is left there is not read.
  private func warnOfOthers(than partitions: [Partition], _ run: JobRun) async throws {
    guard settings.source == .redis, let own = partitions.first, run.shard.index == 0 else { return }
    let others = try await Position.others(of: own.source, from: settings.partitions, run)
    guard !others.isEmpty else { return }
    run.log.warning(
      "partitions that were read before are no longer read: EVENTS_PARTITIONS is lower than it was",
      [
        "partitions": .array(others.map { .string($0.name) }),
        "hint":
          "Raise it until these partitions are empty and none of their events waits; then delete their rows from oneshot.event_positions.",
      ])
  }

  /// Counts what there is, and reads none of it.
  private func plan(_ progress: Progress, _ run: JobRun) async throws -> Report {
    let topic = try await topic(run)
    if let topic {
      let behind = try await topic.behind(run)
      await topic.client.close()
      try progress.update { $0.behind += behind }
    }
    let partitions = topic?.partitions ?? partitions(run)
    for partition in partitions {
      let behind: Int
      switch settings.source {
      case .kafka: behind = 0
      case .redis:
        let stream = stream(partition, run)
        behind = try await run.retrying("looking at the stream") { try await stream.standing().behind }
        await stream.close()
      case .postgres:
        let place = try await Position.read(partition, run).0?.place ?? "-"
        behind = try await EventTable(partition, atMost: settings.mostBytes).behind(
          TablePosition(place) ?? TablePosition(), run)
      }
      try progress.update { $0.behind += behind }
    }
    return try await close(progress, [], partitions, run)
  }
}

/// A partition, drained step by step.
protocol Drain: Sendable {
  /// Processes what earlier runs have left, or one batch. May be called again after it has thrown.
  ///
  /// - Parameter wait: how long to wait for events where there are none.
  /// - Returns: whether there was anything.
  mutating func step(waiting wait: Duration) async throws -> Bool

  /// Counts what is left, and removes what is old.
  mutating func finish() async throws
}
