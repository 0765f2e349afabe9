import Events
import JobRuntime
import Kafka

/// A Kafka topic as a run finds it.
struct Topic {
  let client: any TopicClient
  /// Those of this shard.
  let partitions: [Partition]
  private let all: [Partition]
  private let topology: Topology
  private let settings: EventDrain.Settings

  init(_ settings: EventDrain.Settings, source: String, lanes: Int, _ run: JobRun) async throws {
    self.settings = settings
    client = try KafkaBuild.client(settings.kafka, prefetch: Self.prefetch / lanes)
    topology = try await client.topology()
    all = topology.partitions.map { Partition(source: source, number: $0) }
    partitions = all.filter { $0.number % run.shard.count == run.shard.index }
  }

  /// How many KiB of messages may wait to be taken, of all lanes together.
  static let prefetch = 16 * 1024

  /// Writes down where reading begins: of a topic that was never read, in all partitions at once, so that no shard takes
  /// those of the others for new ones; and in partitions that are new, at their first message.
  func begin(_ run: JobRun) async throws {
    let known = try await refuseOthers(run)
    let new = all.filter { !known.keys.contains($0.number) }
    guard !new.isEmpty else { return }
    let starts = known.isEmpty ? try await starts() : [:]
    let places = new.map { (partition: $0, place: "\(TopicPosition(next: starts[$0.number] ?? 0))") }
    try await Position.begin(places, cluster: topology.cluster, run)
  }

  /// - Returns: the partitions that were ever read.
  @discardableResult
  func refuseOthers(_ run: JobRun) async throws -> [Int: String?] {
    guard let source = all.first?.source else { return [:] }
    let known = try await Position.clusters(of: source, run)
    guard let here = topology.cluster, let other = known.values.compactMap(\.self).first(where: { $0 != here }) else {
      return known
    }
    throw JobFailure(
      .misconfigured,
      "the positions of \(source) belong to the Kafka cluster \(other), but KAFKA_BROKERS leads to the cluster \(here)",
      hint:
        "Correct KAFKA_BROKERS. If the topic has moved for good, delete its rows from oneshot.event_positions: it is then read from where EVENTS_START says."
    )
  }

  /// Where reading of a topic begins that was never read.
  private func starts() async throws -> [Int: Int64] {
    let committed = settings.start == .last ? try await client.committed(topology.partitions) : [:]
    let bounds = try await client.bounds(of: all)
    return bounds.reduce(into: [:]) { starts, bounds in
      let (number, bounds) = bounds
      starts[number] = settings.start == .first ? bounds.lowerBound : committed[number] ?? bounds.upperBound
    }
  }

  /// How many messages are unread, as far as the broker says.
  func behind(_ run: JobRun) async throws -> Int {
    let starts = try await refuseOthers(run).isEmpty ? starts() : [:]
    let bounds = try await client.bounds(of: partitions)
    var behind = 0
    for partition in partitions {
      let place = try await Position.read(partition, run).0.flatMap { TopicPosition($0.place) }
      let next = place?.next ?? starts[partition.number] ?? 0
      guard let bounds = bounds[partition.number] else { continue }
      behind += max(0, Int(bounds.upperBound - max(next, bounds.lowerBound)))
    }
    return behind
  }

  /// What a run would fail on, or would not mean.
  func check(_ run: JobRun) async throws -> [JobFailure] {
    let known = try await refuseOthers(run)
    let committed = try await client.committed(topology.partitions)
    guard known.isEmpty, settings.start == .first, let (number, offset) = committed.min(by: { $0.key < $1.key }) else {
      return []
    }
    return [
      JobFailure(
        .misconfigured,
        "another consumer of the group \(settings.kafka.group) has read \(settings.kafka.topic), partition \(number), up to \(offset); all of that would be processed again",
        hint: "Set EVENTS_START=last to continue where the group is, or name another group in KAFKA_JOB_CONSUMER_GROUP."
      )
    ]
  }
}
