import Events
import JobRuntime
import Kafka

/// Drains those partitions of a Kafka topic that fall to one lane.
///
/// Their messages come over one client, in the order of each partition; Postgres says where each begins.
struct TopicDrain: Drain {
  private let partitions: [Partition]
  private let settings: EventDrain.Settings
  private let progress: Progress
  private let run: JobRun
  /// How many KiB of messages may wait to be taken.
  private let prefetch: Int
  /// A client that was opened for something else, and has nothing assigned.
  private var spare: (any TopicClient)?
  private var client: (any TopicClient)?
  private var parts: [Int: Part] = [:]
  /// How often brokers have not had the offset that they had named, since the last message.
  private var timesOut = 0

  /// A partition.
  private struct Part {
    var worker: Worker
    var reading: TopicReading
  }

  init(
    _ partitions: [Partition], _ spare: (any TopicClient)?, prefetch: Int, _ settings: EventDrain.Settings,
    _ progress: Progress, _ run: JobRun
  ) {
    (self.partitions, self.spare, self.prefetch) = (partitions, spare, prefetch)
    (self.settings, self.progress, self.run) = (settings, progress, run)
  }

  mutating func step(waiting wait: Duration) async throws -> Bool {
    do {
      if client == nil { try await resume() }
      guard let client, progress.ending == nil else { return false }
      var page = Page.nothing
      let canContinue = try await progress.lend(progress.room) { count in
        page = try await read(client, atMost: count, waiting: wait)
        guard case .messages(let messages) = page else { return 0 }
        try await process(messages, client)
        return messages.count
      }
      switch page {
      case .messages: return canContinue
      case .again:
        await forgetClient()
        return true
      case .nothing:
        var hasRetried = false
        for number in parts.keys.sorted() where try await parts[number]?.worker.retry() == true {
          hasRetried = true
        }
        return hasRetried
      }
    } catch {
      // Messages that the client has handed over and no batch has processed are read again, from the position in
      // Postgres.
      await forgetClient()
      throw error
    }
  }

  private mutating func forgetClient() async {
    await client?.close()
    client = nil
  }

  // MARK: Where reading begins

  private mutating func resume() async throws {
    let client = try spare ?? KafkaBuild.client(settings.kafka, prefetch: prefetch)
    spare = nil
    let bounds = try await client.bounds(of: partitions)
    var offsets: [Int: Int64] = [:]
    for partition in partitions {
      let bounds = bounds[partition.number] ?? 0..<0
      guard var position = try await Position.read(partition, run).0, var place = TopicPosition(position.place) else {
        throw JobFailure(
          .misconfigured, "the position of \(partition.name) in oneshot.event_positions is not an offset",
          hint: "Delete its row: the partition is then read from its start, and events that are done are recognised.")
      }
      if bounds.lowerBound > place.next {
        try await miss(place.next..<bounds.lowerBound, &position)
        place = TopicPosition(next: bounds.lowerBound)
      }
      var worker = Worker(settings: settings, progress: progress, run: run, position: position)
      try await worker.catchUpBoards()
      if try await worker.hasDue() { try await worker.countTry() }
      let reading = TopicReading(place, in: bounds)
      parts[partition.number] = Part(worker: worker, reading: reading)
      offsets[partition.number] = reading.begin
    }
    try await client.assign(offsets)
    self.client = client
  }

  /// Reports messages that the topic does not have any more, and skips them.
  private func miss(_ offsets: Range<Int64>, _ position: inout Position) async throws {
    let name = position.partition.name
    let failure = ItemFailure(
      item: "\(name)/\(offsets.lowerBound)", kind: .missed,
      message: "the \(offsets.count) messages up to \(offsets.upperBound) left the topic before they were read",
      payload: ["missed": .integer(Int64(offsets.count)), "until": .string("\(name)/\(offsets.upperBound)")])
    try await position.skip(to: "\(TopicPosition(next: offsets.upperBound))", [failure], run)
    try progress.update { $0.missed += offsets.count }
  }

  /// Begins a partition again that is not the one which the position is of.
  private mutating func rewind(_ number: Int, _ client: any TopicClient) async throws {
    guard var part = parts[number] else { return }
    let partition = part.worker.position.partition
    let start = TopicPosition(next: try await client.bounds(of: [partition])[number]?.lowerBound ?? 0)
    run.log.warning(
      "the topic is not the one that was read before: it was created again, or has lost messages; it is read from its start",
      ["partition": .string(partition.name), "position": .string(part.worker.position.place)])
    try await part.worker.position.skip(to: "\(start)", [], run)
    try progress.update { $0.rewound += 1 }
  }

  // MARK: Reading

  private enum Page {
    case messages([TopicMessage])
    case nothing
    /// Reading begins again, from where Postgres is.
    case again
  }

  /// After how much silence a broker is looked at that has not said that a partition is at its end.
  private static let silence = Duration.milliseconds(250)

  /// Takes messages; waits until there are some, or until each broker has said that there are none.
  ///
  /// - Parameter wait: how long to wait for more, after that.
  private mutating func read(
    _ client: any TopicClient, atMost count: Int, waiting wait: Duration
  ) async throws -> Page {
    let began = ContinuousClock.now
    var (heard, looked) = (began, began)
    // Whether the end of all partitions is confirmed: an end may be said before messages that come with it (Tansu), and
    // they are there after another answer of the same broker.
    var isConfirmed = false
    var limit = Duration.zero
    while true {
      try Task.checkCancellation()
      let notes = try await client.next(atMost: count, bytes: Batch.mostBytes, within: limit)
      if !notes.isEmpty { (heard, isConfirmed) = (.now, false) }
      guard let messages = try await take(notes, client) else { return .again }
      guard messages.isEmpty else { return .messages(messages) }
      guard progress.ending == nil else { return .nothing }
      limit = .milliseconds(50)
      if !parts.values.contains(where: { $0.reading.end == nil }) {
        if !isConfirmed {
          isConfirmed = try await look(client) { _ in true }
          if isConfirmed { (heard, limit) = (.now, .zero) }
        } else if let beyond = parts.first(where: { $0.value.reading.isBeyondEnd }) {
          try await rewind(beyond.key, client)
          return .again
        } else if began.duration(to: .now) >= wait {
          return .nothing
        } else {
          (heard, limit) = (.now, max(.milliseconds(1), wait - began.duration(to: .now)))
        }
      } else if heard.duration(to: .now) > Self.silence, looked.duration(to: .now) > Self.silence {
        _ = try await look(client) { $0.end == nil }
        looked = .now
      }
      guard heard.duration(to: .now) < TopicPatience.limit else { throw client.silence(of: settings.kafka.topic) }
    }
  }

  /// Notes what was heard.
  ///
  /// - Returns: what is new; `nil` where reading has to begin again.
  private mutating func take(_ notes: [TopicNote], _ client: any TopicClient) async throws -> [TopicMessage]? {
    var messages: [TopicMessage] = []
    for note in notes {
      switch note {
      case .message(let message):
        switch parts[message.partition]?.reading.take(offset: message.offset, timestamp: message.timestamp) {
        case .new: messages.append(message)
        case .known, nil: break
        case .ofAnotherTopic:
          try await rewind(message.partition, client)
          return nil
        }
      case .end(let partition, let offset): parts[partition]?.reading.noteEnd(at: offset)
      case .outOfRange(let partition):
        // Since the broker was asked for its bounds, messages have left the topic.
        timesOut += 1
        guard timesOut < 3 else {
          throw client.silence(of: "\(settings.kafka.topic)/\(partition), at the position where reading continues")
        }
        return nil
      }
    }
    return messages
  }

  /// Has the leaders of some partitions say where these end.
  ///
  /// - Returns: whether all have answered.
  private mutating func look(
    _ client: any TopicClient, at isLookedAt: (TopicReading) -> Bool
  ) async throws -> Bool {
    let numbers = parts.filter { isLookedAt($0.value.reading) }.map(\.key)
    guard let ends = try await client.offsets(.end, of: numbers, within: .seconds(2)) else { return false }
    for (number, end) in ends { parts[number]?.reading.noteAnswer(end) }
    return true
  }

  // MARK: Processing

  private mutating func process(_ messages: [TopicMessage], _ client: any TopicClient) async throws {
    timesOut = 0
    for (number, own) in Dictionary(grouping: messages, by: \.partition).sorted(by: { $0.key < $1.key }) {
      guard var part = parts[number] else { continue }
      defer { parts[number] = part }
      _ = try await part.worker.retry()
      // Whether this run gets to their end is not known yet.
      try await part.worker.countTry()
      var left = own[...]
      while !left.isEmpty {
        let page = left.prefix(part.worker.size)
        var rest = page
        for entries in page.map({ entry($0, part.worker.position.partition) }).batches(ofBytes: Batch.mostBytes) {
          let last = rest[rest.startIndex + entries.count - 1]
          rest = rest.dropFirst(entries.count)
          let place = TopicPosition(next: last.offset + 1, previous: last.timestamp)
          try await part.worker.process(.new(entries), movingTo: "\(place)", entries: entries.count)
        }
        left = left.dropFirst(page.count)
      }
      run.log.debug("acknowledging")
      try await client.mirror([number: part.worker.topicPlace.next], within: nil)
      run.log.debug("acknowledged")
    }
  }

  /// The time is part of where it stands: a topic that is made again has the same offsets.
  private func entry(_ message: TopicMessage, _ partition: Partition) -> Entry {
    let location = "\(partition.name)/\(message.offset)" + (message.timestamp.map { "@\($0)" } ?? "")
    guard let value = message.value else {
      return Entry(location: location, content: .unreadable(problem: "it is empty", ["location": .string(location)]))
    }
    return Entry(location: location, envelope: value, atMost: settings.mostBytes)
  }

  // MARK: The end

  mutating func finish() async throws {
    // It reads again, or has not read at all: others have read as many as the run may.
    if client == nil { try await resume() }
    guard let client else { return }
    // A run that has found the end has had this answer already.
    if progress.ending != nil, try await !look(client, at: { _ in true }) {
      throw client.silence(of: settings.kafka.topic)
    }
    for (number, part) in parts.sorted(by: { $0.key < $1.key }) {
      try await parts[number]?.worker.boards.noteSent()
      let partition = part.worker.position.partition
      try progress.update { report in
        report.behind += part.reading.behind
        report.positions[partition.name] = part.worker.position.place
      }
    }
    // Those of a killed run, too. A scaler that watches the group's lag would start runs for nothing.
    do { try await client.mirror(parts.mapValues { $0.worker.topicPlace.next }, within: .seconds(5)) } catch {
      run.log.warning(
        "the offsets are not committed for the group; nothing is lost, but the group's lag looks larger than it is",
        ["error": .string("\(error)")])
    }
    await forgetClient()
  }
}

extension Worker {
  /// Behind the last message whose outcome is committed.
  fileprivate var topicPlace: TopicPosition { TopicPosition(position.place) ?? TopicPosition(next: 0) }
}
