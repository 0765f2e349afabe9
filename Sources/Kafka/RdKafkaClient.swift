#if Kafka
  import BlockingIO
  import CRdKafka
  import JobRuntime

  /// A topic read through librdkafka, on its own thread.
  actor RdKafkaClient: TopicClient {
    private let source: KafkaSource
    private let complaints = Complaints()
    private var consumer: ConsumerHandle?
    private let executor = ThreadExecutor(label: "kafka")

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// How long brokers may be silent while a run begins.
    private static let patience = Duration.seconds(10)
    /// How often a call checks whether the run has to stop.
    private static let slice = Duration.milliseconds(100)

    init(_ source: KafkaSource, prefetch: Int) throws(JobFailure) {
      self.source = source
      consumer = try ConsumerHandle(source, prefetch: prefetch, complaints)
    }

    nonisolated var complaint: String? { complaints.last?.text }

    func close() { consumer = nil }

    private func open() throws(JobFailure) -> ConsumerHandle {
      guard let consumer else { throw JobFailure(.internal, "the client of \(source.topic) is closed") }
      return consumer
    }

    // MARK: Questions

    func topology() throws(JobFailure) -> Topology {
      let consumer = try open()
      let end = ContinuousClock.now + Self.patience
      while true {
        let (code, topology) = consumer.topology(of: source.topic, within: .seconds(2))
        if !code.isError, !topology.partitions.isEmpty { return topology }
        try refuse(code, "reading which partitions it has")
        // Nothing is assigned yet, so this takes no messages; it makes librdkafka report its errors.
        rd_kafka_poll(consumer.pointer, Self.slice.forRdKafka)
        if let complaint = complaints.last, complaint.code.kind == .denied { throw failure(complaint) }
        guard ContinuousClock.now < end, !Task.isCancelled else {
          throw complaints.last.map(failure)
            ?? JobFailure(
              .unavailable, "no broker of \(source.brokers) says which partitions \(source.topic) has", hint: Self.hint)
        }
      }
    }

    func offsets(
      _ edge: TopicEdge, of partitions: [Int], within limit: Duration
    ) throws(JobFailure) -> [Int: Int64]? {
      guard !partitions.isEmpty else { return [:] }
      let consumer = try open()
      // Requested by the special "times" for both ends: so a leader is asked once for all of its partitions, and not
      // for each one behind a waiting fetch.
      let end = edge == .end ? RD_KAFKA_OFFSET_END : RD_KAFKA_OFFSET_BEGINNING
      let list = OffsetsHandle(source.topic, Dictionary(uniqueKeysWithValues: partitions.map { ($0, Int64(end)) }))
      let code = RdKafka.Code(rd_kafka_offsets_for_times(consumer.pointer, list.pointer, limit.forRdKafka))
      let codes = [code] + list.elements.map { RdKafka.Code($0.err) }
      for code in codes { try refuse(code, "reading where its partitions begin and end") }
      guard !codes.contains(where: \.isError), list.elements.allSatisfy({ $0.offset >= 0 }) else { return nil }
      return list.elements.reduce(into: [:]) { $0[Int($1.partition)] = $1.offset }
    }

    func committed(_ partitions: [Int]) throws(JobFailure) -> [Int: Int64] {
      let consumer = try open()
      let offsets = OffsetsHandle(source.topic, Dictionary(uniqueKeysWithValues: partitions.map { ($0, -1001) }))
      let code = RdKafka.Code(rd_kafka_committed(consumer.pointer, offsets.pointer, Duration.seconds(5).forRdKafka))
      for code in [code] + offsets.elements.map({ RdKafka.Code($0.err) }) where code.isError {
        throw groupFailure(code, "its offsets cannot be read")
      }
      return offsets.elements.reduce(into: [:]) { found, element in
        if element.offset >= 0 { found[Int(element.partition)] = element.offset }
      }
    }

    // MARK: Messages

    func assign(_ offsets: [Int: Int64]) throws(JobFailure) {
      let consumer = try open()
      rd_kafka_poll_set_consumer(consumer.pointer)
      let list = OffsetsHandle(source.topic, offsets)
      let code = RdKafka.Code(rd_kafka_assign(consumer.pointer, list.pointer))
      guard code.isError else { return }
      throw JobFailure(.internal, "partitions of \(source.topic) cannot be assigned: \(code.text)")
    }

    func next(atMost count: Int, bytes: Int, within limit: Duration) throws(JobFailure) -> [TopicNote] {
      let consumer = try open()
      let end = ContinuousClock.now + limit
      var (notes, size) = ([TopicNote](), 0)
      while notes.count < count, size < bytes {
        // Takes all messages that wait already; for the first one it waits up to the limit.
        let wait = notes.isEmpty ? max(.zero, min(Self.slice, ContinuousClock.now.duration(to: end))) : .zero
        switch consumer.take(within: wait) {
        case .some(.some(let note)):
          if case .message(let message) = note { size += message.value?.count ?? 0 }
          notes.append(note)
        case .some(.none):
          if let complaint = complaints.last { try refuse(complaint.code, "reading it: \(complaint.text)") }
        case .none:
          guard notes.isEmpty, ContinuousClock.now < end, !Task.isCancelled else { return notes }
        }
      }
      return notes
    }

    func mirror(_ offsets: [Int: Int64], within limit: Duration?) throws(JobFailure) {
      guard !offsets.isEmpty else { return }
      let consumer = try open()
      let list = OffsetsHandle(source.topic, offsets)
      guard let limit else {
        rd_kafka_commit(consumer.pointer, list.pointer, 1)
        return
      }
      let queue = QueueHandle(of: consumer.pointer)
      let code = RdKafka.Code(rd_kafka_commit_queue(consumer.pointer, list.pointer, queue.pointer, nil, nil))
      if code.isError { throw groupFailure(code, "its offsets cannot be committed") }
      guard let answer = queue.committed(within: limit) else {
        throw JobFailure(.unavailable, "the group \(source.group) does not answer", hint: Self.hint)
      }
      if answer.isError { throw groupFailure(answer, "its offsets cannot be committed") }
    }

    // MARK: Failures

    private static let hint =
      "Check that the brokers in KAFKA_BROKERS run, and that the addresses that they advertise can be reached from here."

    /// Throws errors after which librdkafka does not try again by itself.
    private func refuse(_ code: RdKafka.Code, _ doing: String) throws(JobFailure) {
      guard let kind = code.kind else { return }
      let message = "the topic \(source.topic), \(doing): \(code.text)"
      if code.isMissingTopic {
        throw JobFailure(
          .misconfigured, "Kafka has no topic \(source.topic) (\(code.text))",
          hint: "Create it, or correct KAFKA_JOB_TOPIC; the job creates none.")
      }
      throw JobFailure(
        kind, message,
        hint: kind == .denied ? "Grant READ and DESCRIBE on the topic to this user." : nil)
    }

    private func groupFailure(_ code: RdKafka.Code, _ what: String) -> JobFailure {
      JobFailure(
        code.kind ?? .unavailable, "the group \(source.group): \(what): \(code.text)",
        hint: code.kind == .denied
          ? "Grant READ on the group to this user."
          : "Check that the group has no members: a group with consumers takes no offsets from outside.")
    }

    private func failure(_ complaint: Complaints.Complaint) -> JobFailure {
      let kind = complaint.code.kind ?? .unavailable
      let hint =
        switch kind {
        case .denied: "Check user, password and mechanism (sasl.…) in KAFKA_PROPERTIES_FILE."
        case .misconfigured: "Check security.protocol and ssl.… in KAFKA_PROPERTIES_FILE."
        default: Self.hint
        }
      return JobFailure(kind, "connecting to Kafka: \(complaint.text)", hint: hint)
    }
  }
#endif
