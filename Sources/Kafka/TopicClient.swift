public import JobRuntime

/// The operations of a run on one topic of a Kafka cluster.
///
/// Nothing here joins a group: partitions are assigned explicitly.
///
/// librdkafka itself tries again when a broker does not answer, so an error of these calls is final.
public protocol TopicClient: Sendable {
  /// The cluster, and the partitions of the topic.
  func topology() async throws(JobFailure) -> Topology

  /// Where partitions begin or end by their leaders, with one request to each leader.
  ///
  /// - Returns: `nil` where one of them has not answered in time.
  func offsets(_ edge: TopicEdge, of partitions: [Int], within limit: Duration) async throws(JobFailure) -> [Int:
    Int64]?

  /// The offsets that are committed for the group; partitions without one are left out.
  func committed(_ partitions: [Int]) async throws(JobFailure) -> [Int: Int64]

  /// Begins to read these partitions at these offsets, and no others.
  func assign(_ offsets: [Int: Int64]) async throws(JobFailure)

  /// Takes the messages that have arrived, and waits for the first one.
  ///
  /// - Parameters:
  ///   - count: how many at most.
  ///   - bytes: no more messages are taken after this many bytes.
  func next(atMost count: Int, bytes: Int, within limit: Duration) async throws(JobFailure) -> [TopicNote]

  /// Commits offsets for the group, without being one of its members.
  ///
  /// - Parameter limit: how long to wait for the answer; `nil` does not wait.
  /// - Throws: why they were not committed; only if it waits.
  func mirror(_ offsets: [Int: Int64], within limit: Duration?) async throws(JobFailure)

  /// The last error that librdkafka reported: why a broker cannot be reached, for example.
  var complaint: String? { get }

  func close() async
}

/// The offset of the oldest message, or the one after the newest.
public enum TopicEdge: Sendable { case start, end }

/// What the brokers report about the cluster and the topic.
public struct Topology: Sendable {
  /// `nil` where the brokers have none.
  public var cluster: String?
  /// The numbers of the topic's partitions.
  public var partitions: [Int]
}

/// What a broker reports about a partition.
public enum TopicNote: Sendable {
  case message(TopicMessage)
  /// The broker has nothing more after this offset.
  case end(partition: Int, offset: Int64)
  /// The broker does not have the offset from which reading would continue.
  case outOfRange(partition: Int)
}

/// One message of a topic.
public struct TopicMessage: Sendable {
  /// The number of its partition.
  public var partition: Int
  /// Its offset within the partition; gaps are possible.
  public var offset: Int64
  /// Milliseconds since 1970, as the topic keeps them; `nil` where it keeps none.
  public var timestamp: Int64?
  /// `nil` deletes a key of a compacted topic.
  public var value: [UInt8]?
}

/// What differs in a binary with the trait `Kafka`.
///
/// Only with it is the code that uses librdkafka compiled.
public enum KafkaBuild {
  /// The message of a binary without it.
  public static let isMissing = "needs a binary built with the trait Kafka (swift build --traits Kafka)"

  /// The version of librdkafka; `nil` without the trait.
  public static var version: String? {
    #if Kafka
      RdKafka.version
    #else
      nil
    #endif
  }

  /// - Parameter prefetch: how many KiB of messages may wait to be taken.
  public static func client(_ source: KafkaSource, prefetch: Int) throws(JobFailure) -> any TopicClient {
    #if Kafka
      try RdKafkaClient(source, prefetch: prefetch)
    #else
      throw JobFailure(.misconfigured, "EVENTS_SOURCE=kafka \(isMissing)")
    #endif
  }
}
