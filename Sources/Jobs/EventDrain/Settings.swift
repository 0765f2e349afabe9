import JobRuntime
import Kafka

extension EventDrain {
  enum Source: String, CaseIterable, Sendable { case redis, kafka, postgres }
  enum Start: String, CaseIterable, Sendable { case first, last }
  enum Unknown: String, CaseIterable, Sendable { case reject, ignore }

  struct Settings: JobSettings {
    let source: Source
    let stream: String
    let partitions: Int
    let group: String
    let field: String
    let keyPath: [String]
    let start: Start
    let handlers: [Handler]
    let unknown: Unknown
    let batch: Int
    let time: Duration
    let most: Int?
    let linger: Duration
    let parallel: Int
    let attempts: Int
    let retryAfter: [Duration]
    let timeout: Duration
    let mostBytes: Int
    let keep: Duration
    let streamKeep: Duration
    let claimIdle: Duration
    let boardPrefix: String
    let kafka: KafkaSource

    init(from env: inout Environment) {
      source = env.choice(
        "EVENTS_SOURCE", default: Source.redis,
        help: "Where events are read: redis is a stream, kafka a topic, postgres the table oneshot.events.",
        selects: .work)
      stream = env.string(
        "EVENTS_STREAM", default: "events:job",
        help: "The stream's key; with several partitions, the part before :0, :1 and so on.",
        selects: .work(as: "stream"))
      partitions = env.int(
        "EVENTS_PARTITIONS", default: 1, in: 1...1000,
        help: "Number of streams; producers choose one by a hash of the key.")
      group = env.string(
        "EVENTS_GROUP", default: "oneshot", help: "Name of the group in Redis, and of its only consumer.",
        selects: .work(as: "group"))
      env.reserveForInstallers("EVENTS_STREAM", "EVENTS_GROUP")
      field = env.string(
        "EVENTS_FIELD", default: "event",
        help: "The field of an entry that holds the event; in an entry without it, the fields are the event's members.")
      keyPath = env.string(
        "EVENTS_KEY", default: "campaign_id",
        help: "The member that is the key, such as data.user_id; account_id where an event has none."
      ).split(separator: ".").map(String.init)
      start = env.choice(
        "EVENTS_START", default: Start.first, help: "Where reading begins in a source that was never read.")
      let folder = env.optionalPath(
        "EVENTS_HANDLERS_DIR",
        help: "A folder of more handlers, one .sql file each, or of replacements by the same name.")
      let chosen: [String]? = env.custom(
        "EVENTS_HANDLERS", form: "names separated by commas", default: nil,
        help: "Only these handlers; unset, all of them."
      ) { .success($0.split(separator: ",").map { String($0.filter { $0 != " " }) }) }
      handlers = Handler.all(folder: folder, chosen: chosen, &env)
      unknown = env.choice(
        "EVENTS_UNKNOWN", default: Unknown.reject,
        help: "What becomes of a type that no handler takes: reject makes it a dead letter, ignore skips it.")
      batch = env.int(
        "EVENTS_BATCH", default: 500, in: 1...10_000, help: "Events in one transaction, 4 MiB of them at most.")
      time = env.duration(
        "EVENTS_TIME", default: .seconds(50), help: "The run begins no further batch after this time.")
      most = env.custom(
        "EVENTS_MAX", form: "number", default: nil, help: "The run reads at most this many events; unset, all of them."
      ) { text in
        Int(text).flatMap { $0 > 0 ? .success($0) : nil } ?? .failure("is «\(text)», not a number above 0")
      }
      linger = env.duration(
        "EVENTS_LINGER", default: .zero,
        help: "How long after its start the run waits for more events, instead of ending when there are none.")
      parallel = env.int(
        "EVENTS_PARALLEL", default: 1, in: 1...64,
        help: "Partitions that are processed at once, each on its own connection to Postgres.")
      attempts = env.int(
        "EVENTS_ATTEMPTS", default: 5, in: 1...100, help: "How often an event is tried before it is a dead letter.")
      retryAfter =
        env.custom(
          "EVENTS_RETRY", form: "durations separated by commas", default: "30s,2m,10m,1h",
          help: "How long an event waits after each failed attempt; the last holds for all further ones.",
          parse: Self.parseDurations) ?? [.seconds(30), .minutes(2), .minutes(10), .hours(1)]
      timeout = env.duration(
        "EVENTS_TIMEOUT", default: .seconds(30), in: .milliseconds(1) ... .hours(1),
        help: "Time limit of a handler's statement.")
      mostBytes = env.int(
        "EVENTS_MAX_BYTES", default: 1_048_576, in: 256...4_194_304, help: "A larger event is a dead letter.")
      keep = env.duration(
        "EVENTS_KEEP", default: .days(8), in: .minutes(1) ... .days(36_525),
        help: "How long a done event is remembered; longer than its source may deliver it again.")
      streamKeep = env.duration(
        "EVENTS_STREAM_KEEP", default: .days(7),
        help: "Age at which handled events leave the stream, or oneshot.events; 0s keeps them.")
      env.reserveForInstallers("EVENTS_KEEP", "EVENTS_STREAM_KEEP")
      claimIdle = env.duration(
        "EVENTS_CLAIM_IDLE", default: .minutes(5),
        help: "Entries that other consumers of the group have left pending for this long are taken over.")
      boardPrefix = env.string(
        "EVENTS_BOARD_PREFIX", default: "live:", help: "What the keys of live boards in Redis begin with.")
      kafka = KafkaSource(from: &env, isChosen: source == .kafka)
      if keep <= streamKeep {
        env.complain(
          "EVENTS_KEEP", "is not longer than EVENTS_STREAM_KEEP: an event that is read again must still be remembered")
      }
    }

    private static func parseDurations(_ text: String) -> Environment.Parsed<[Duration]> {
      let durations = text.split(separator: ",").map { DurationText.parse(String($0.filter { $0 != " " })) }
      guard !durations.isEmpty, !durations.contains(nil) else {
        return .failure("is «\(text)», not durations separated by commas such as 30s,2m")
      }
      return .success(durations.compactMap(\.self))
    }
  }
}
