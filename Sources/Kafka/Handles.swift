#if Kafka
  import CRdKafka
  import JobRuntime
  import Synchronization

  // All frees of this module stand in this file.

  /// The last error that librdkafka has reported.
  ///
  /// It calls back on the thread that takes messages.
  final class Complaints: Sendable {
    struct Complaint {
      var code: RdKafka.Code
      var text: String
    }

    private let state = Mutex<Complaint?>(nil)

    var last: Complaint? { state.withLock(\.self) }

    func note(_ code: RdKafka.Code, _ text: String) {
      state.withLock { last in
        // "All brokers are down" follows the reason for one of them, which says more.
        if code.isOfAllBrokers, last != nil { return }
        last = Complaint(code: code, text: text)
      }
    }
  }

  /// Owner of an `rd_kafka_t *` that consumes.
  final class ConsumerHandle {
    let pointer: OpaquePointer
    /// librdkafka has its address.
    private let complaints: Complaints

    init(_ source: KafkaSource, prefetch: Int, _ complaints: Complaints) throws(JobFailure) {
      let configuration = try ConfigurationHandle(source, prefetch: prefetch)
      rd_kafka_conf_set_opaque(configuration.pointer, Unmanaged.passUnretained(complaints).toOpaque())
      rd_kafka_conf_set_error_cb(configuration.pointer) { _, code, reason, context in
        guard let context, let reason else { return }
        let complaints = Unmanaged<Complaints>.fromOpaque(context).takeUnretainedValue()
        complaints.note(RdKafka.Code(code), String(cString: reason))
      }
      // Without it librdkafka writes to stderr, where a run's own log is.
      rd_kafka_conf_set_log_cb(configuration.pointer) { _, _, _, _ in }
      var said = ErrorText()
      let made = said.filling { rd_kafka_new(RD_KAFKA_CONSUMER, configuration.pointer, $0, $1) }
      guard let made else {
        throw JobFailure(
          .misconfigured, "librdkafka cannot start: \(said.text)",
          hint: "Correct KAFKA_BROKERS or KAFKA_PROPERTIES_FILE: it may name files that do not exist.")
      }
      // rd_kafka_new has taken the configuration.
      configuration.disown()
      (pointer, self.complaints) = (made, complaints)
    }

    deinit { rd_kafka_destroy_flags(pointer, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE) }
  }

  /// Owner of an `rd_kafka_conf_t *`.
  final class ConfigurationHandle {
    let pointer: OpaquePointer
    private var isOwned = true

    init() { pointer = rd_kafka_conf_new() }

    convenience init(_ source: KafkaSource, prefetch: Int) throws(JobFailure) {
      self.init()
      let settings =
        source.properties.map { ($0.name, $0.value) }
        + [("bootstrap.servers", source.brokers), ("group.id", source.group), ("client.id", "oneshot")]
        + KafkaSource.own(prefetch: prefetch)
      for (name, value) in settings {
        guard set(name, value) == RD_KAFKA_CONF_OK else {
          throw JobFailure(.misconfigured, "librdkafka \(RdKafka.version) does not take the setting \(name)")
        }
      }
    }

    deinit { if isOwned { rd_kafka_conf_destroy(pointer) } }

    func disown() { isOwned = false }

    /// The reason is not kept: it repeats the value, which may be a secret.
    func set(_ name: String, _ value: String) -> rd_kafka_conf_res_t {
      var said = ErrorText()
      return said.filling { rd_kafka_conf_set(pointer, name, value, $0, $1) }
    }
  }

  /// Owner of a list of a topic's partitions with offsets.
  struct OffsetsHandle: ~Copyable {
    let pointer: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>

    init(_ topic: String, _ offsets: [Int: Int64]) {
      pointer = rd_kafka_topic_partition_list_new(CInt(offsets.count))
      for (partition, offset) in offsets.sorted(by: { $0.key < $1.key }) {
        rd_kafka_topic_partition_list_add(pointer, topic, CInt(partition)).pointee.offset = offset
      }
    }

    deinit { rd_kafka_topic_partition_list_destroy(pointer) }

    var elements: UnsafeBufferPointer<rd_kafka_topic_partition_t> {
      UnsafeBufferPointer(start: pointer.pointee.elems, count: Int(pointer.pointee.cnt))
    }
  }

  /// Owner of a consumer's queue.
  struct QueueHandle: ~Copyable {
    let pointer: OpaquePointer

    init(of consumer: OpaquePointer) { pointer = rd_kafka_queue_new(consumer) }

    deinit { rd_kafka_queue_destroy(pointer) }

    /// Waits for the answer to a commit.
    ///
    /// - Returns: `nil` where there is none in time.
    func committed(within limit: Duration) -> RdKafka.Code? {
      guard let event = rd_kafka_queue_poll(pointer, limit.forRdKafka) else { return nil }
      defer { rd_kafka_event_destroy(event) }
      return RdKafka.Code(rd_kafka_event_error(event))
    }
  }

  extension ConsumerHandle {
    /// Waits for a message, or something about a partition.
    func take(within limit: Duration) -> TopicNote?? {
      guard let message = rd_kafka_consumer_poll(pointer, limit.forRdKafka) else { return .none }
      defer { rd_kafka_message_destroy(message) }
      let (partition, offset) = (Int(message.pointee.partition), message.pointee.offset)
      switch message.pointee.err {
      case RD_KAFKA_RESP_ERR_NO_ERROR:
        var kind = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
        let timestamp = rd_kafka_message_timestamp(message, &kind)
        let value = message.pointee.payload.map {
          [UInt8](UnsafeRawBufferPointer(start: $0, count: message.pointee.len))
        }
        return .some(
          .message(
            TopicMessage(
              partition: partition, offset: offset,
              timestamp: kind == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE || timestamp < 0 ? nil : timestamp, value: value)))
      case RD_KAFKA_RESP_ERR__PARTITION_EOF: return .some(.end(partition: partition, offset: offset))
      case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
        return .some(.outOfRange(partition: partition))
      case let code:
        complaints.note(RdKafka.Code(code), String(cString: rd_kafka_message_errstr(message)))
        return .some(nil)
      }
    }

    /// Reads what the brokers say of a topic.
    func topology(of topic: String, within limit: Duration) -> (RdKafka.Code, Topology) {
      guard let handle = rd_kafka_topic_new(pointer, topic, nil) else {
        return (RdKafka.Code(rd_kafka_last_error()), Topology(cluster: nil, partitions: []))
      }
      defer { rd_kafka_topic_destroy(handle) }
      var metadata: UnsafePointer<rd_kafka_metadata>?
      let code = rd_kafka_metadata(pointer, 0, handle, &metadata, limit.forRdKafka)
      guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let metadata else {
        return (RdKafka.Code(code), Topology(cluster: nil, partitions: []))
      }
      defer { rd_kafka_metadata_destroy(metadata) }
      guard metadata.pointee.topic_cnt == 1, let found = metadata.pointee.topics?.pointee else {
        return (RdKafka.Code(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART), Topology(cluster: nil, partitions: []))
      }
      let partitions = UnsafeBufferPointer(start: found.partitions, count: Int(found.partition_cnt)).map { Int($0.id) }
      var cluster: String?
      if let name = rd_kafka_clusterid(pointer, limit.forRdKafka) {
        cluster = String(cString: name)
        rd_kafka_mem_free(pointer, name)
      }
      return (RdKafka.Code(found.err), Topology(cluster: cluster, partitions: partitions.sorted()))
    }
  }

  /// Room for what librdkafka says about an error.
  private struct ErrorText {
    private var bytes = [CChar](repeating: 0, count: 512)

    var text: String { String(decoding: bytes.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self) }

    mutating func filling<Value>(_ body: (UnsafeMutablePointer<CChar>?, Int) -> Value) -> Value {
      bytes.withUnsafeMutableBufferPointer { body($0.baseAddress, $0.count) }
    }
  }

  extension Duration {
    /// In milliseconds.
    var forRdKafka: CInt { CInt(clamping: max(0, inMilliseconds)) }
  }
#endif
