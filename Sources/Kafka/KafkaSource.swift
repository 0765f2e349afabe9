public import JobRuntime

/// Where a topic is, and how librdkafka gets there.
public struct KafkaSource: Sendable {
  /// Brokers to begin with: `host:port`, separated by commas; empty where none is set.
  public let brokers: String
  /// The topic's name.
  public let topic: String
  /// The group for which offsets are committed, for people who watch its lag.
  public let group: String
  /// librdkafka's own settings.
  let properties: [Property]

  struct Property: Sendable {
    var name: String
    var value: String
    /// The line of the file, for messages.
    var place: String
  }

  /// - Parameter isChosen: whether events come from Kafka at all; if not, nothing is required.
  public init(from env: inout Environment, isChosen: Bool) {
    let brokers = env.optionalString(
      "KAFKA_BROKERS", help: "Bootstrap brokers, host:port separated by commas; required with EVENTS_SOURCE=kafka.")
    topic = env.string(
      "KAFKA_JOB_TOPIC", default: "job-events", help: "The topic.", selects: .work(as: "topic"))
    env.reserveForInstallers("KAFKA_JOB_TOPIC")
    group = env.string(
      "KAFKA_JOB_CONSUMER_GROUP", default: "job-workers",
      help:
        "The group for which each offset is committed after its COMMIT, so that its lag can be watched; the job is not a member."
    )
    let path = env.optionalPath(
      "KAFKA_PROPERTIES_FILE",
      help: "A file of librdkafka's own settings, name=value a line: TLS, SASL, client certificates.")
    self.brokers = brokers ?? ""
    var properties: [Property] = []
    if let path, isChosen {
      do {
        let read = Self.properties(in: try SmallFile.read(path), path)
        properties = read.properties
        for problem in read.problems { env.complain("KAFKA_PROPERTIES_FILE", problem) }
        env.conceal(properties.filter(\.isSecret).map(\.value))
      } catch { env.complain("KAFKA_PROPERTIES_FILE", "names \(path), which cannot be read: \(error)") }
    }
    self.properties = properties
    if isChosen { complain(to: &env) }
  }

  private func complain(to env: inout Environment) {
    guard KafkaBuild.version != nil else {
      return env.complain("EVENTS_SOURCE", "is kafka, which \(KafkaBuild.isMissing)")
    }
    if brokers.isEmpty {
      env.complain("KAFKA_BROKERS", "is required with EVENTS_SOURCE=kafka; it reads host:port separated by commas")
    }
    #if Kafka
      for problem in RdKafka.problems(of: properties) { env.complain("KAFKA_PROPERTIES_FILE", problem) }
    #endif
  }

  /// Reads lines `name=value`; `#` begins a comment line.
  ///
  /// - Returns: also what is wrong with other lines, without their values, which may be secrets.
  static func properties(in text: String, _ path: String) -> (properties: [Property], problems: [String]) {
    var properties: [Property] = []
    var problems: [String] = []
    for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let place = "\(path):\(number + 1)"
      let words = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = words[0].trimmed
      guard !name.isEmpty || words.count > 1, !name.hasPrefix("#") else { continue }
      guard words.count == 2, !name.isEmpty else {
        problems.append("\(place): it is not of the form name=value")
        continue
      }
      if reliedOn.contains(name) {
        problems.append("\(place): \(name) is set by the job itself; leave it out")
      } else {
        properties.append(Property(name: name, value: words[1].trimmed, place: place))
      }
    }
    return (properties, problems)
  }

  /// The settings that the job sets itself: with other values it would lose events, or not end.
  static let reliedOn: Set<String> = Set(own(prefetch: 0).map(\.name)).union([
    "bootstrap.servers", "metadata.broker.list", "group.id", "group.instance.id", "consume.callback.max.messages",
    "auto.commit.enable", "enable.auto.offset.store", "offset.store.method", "fetch.queue.backoff.ms",
  ])

  /// - Parameter prefetch: how many KiB of messages may wait to be taken.
  static func own(prefetch: Int) -> [(name: String, value: String)] {
    [
      ("enable.auto.commit", "false"), ("enable.auto.offset.store", "false"), ("enable.partition.eof", "true"),
      // Offsets that no longer exist are reported, and not skipped.
      ("auto.offset.reset", "error"), ("allow.auto.create.topics", "false"), ("isolation.level", "read_committed"),
      // How long a broker waits before it reports the end of a partition.
      ("fetch.wait.max.ms", "50"), ("queued.max.messages.kbytes", "\(prefetch)"),
      // A broker that comes back is found again while the run waits for it.
      ("reconnect.backoff.ms", "50"), ("reconnect.backoff.max.ms", "1000"), ("fetch.error.backoff.ms", "100"),
      // A transaction may take longer than a member of a group may be silent.
      ("max.poll.interval.ms", "86400000"),
    ]
  }
}

extension KafkaSource.Property {
  fileprivate var isSecret: Bool {
    ["password", "secret", ".pem", ".config"].contains { name.hasSuffix($0) } && !value.isEmpty
  }
}

extension Substring {
  fileprivate var trimmed: String {
    var rest = self
    while let first = rest.first, first.isWhitespace { rest = rest.dropFirst() }
    while let last = rest.last, last.isWhitespace { rest = rest.dropLast() }
    return String(rest)
  }
}
