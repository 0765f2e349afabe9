public import JobRuntime

/// What a run asks of a Kafka cluster, about one topic. Nothing here joins a group: partitions are assigned by hand.
///
/// What does not answer is tried again by librdkafka itself, so an error of these calls is final.
public protocol TopicClient: Sendable {
  /// Which cluster it is, and which partitions the topic has.
  func topology() async throws(JobFailure) -> Topology

  /// Where partitions begin or end, as their leaders say, by one question to each of these.
  ///
  /// - Returns: `nil` where one of them has not answered in time.
  func offsets(_ edge: TopicEdge, of partitions: [Int], within limit: Duration) async throws(JobFailure) -> [Int:
    Int64]?

  /// What is committed for the group; nothing of partitions for which nothing is.
  func committed(_ partitions: [Int]) async throws(JobFailure) -> [Int: Int64]

  /// Begins to read these partitions at these offsets, and no others.
  func assign(_ offsets: [Int: Int64]) async throws(JobFailure)

  /// Takes what has arrived, and waits for the first of it.
  ///
  /// - Parameters:
  ///   - count: how many at most.
  ///   - bytes: no more is taken once it has so many.
  func next(atMost count: Int, bytes: Int, within limit: Duration) async throws(JobFailure) -> [TopicNote]

  /// Commits offsets for the group, without being one of its members.
  ///
  /// - Parameter limit: how long to wait for the answer; without it nobody waits.
  /// - Throws: why they were not committed; not where nobody waits.
  func mirror(_ offsets: [Int: Int64], within limit: Duration?) async throws(JobFailure)

  /// What librdkafka complained about last: why a broker cannot be reached, for example.
  var complaint: String? { get }

  func close() async
}

/// The offset of the oldest message, or the one behind the newest.
public enum TopicEdge: Sendable { case start, end }

public struct Topology: Sendable {
  /// `nil` where the brokers have none.
  public var cluster: String?
  public var partitions: [Int]
}

/// What is heard about a partition.
public enum TopicNote: Sendable {
  case message(TopicMessage)
  /// The broker has nothing more, behind this offset.
  case end(partition: Int, offset: Int64)
  /// The broker does not have the offset where reading was to go on.
  case outOfRange(partition: Int)
}

public struct TopicMessage: Sendable {
  public var partition: Int
  public var offset: Int64
  /// Milliseconds since 1970, as the topic keeps them; `nil` where it keeps none.
  public var timestamp: Int64?
  /// `nil` is what deletes a key of a compacted topic.
  public var value: [UInt8]?
}

/// What is different in a binary with the trait `Kafka`. All that knows librdkafka is compiled with it alone.
public enum KafkaBuild {
  /// What is wrong with a binary without it.
  public static let isMissing = "needs a binary built with the trait Kafka (swift build --traits Kafka)"

  /// Which librdkafka runs; `nil` without the trait.
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
