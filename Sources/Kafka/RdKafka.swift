#if Kafka
  import CRdKafka
  import JobRuntime

  /// librdkafka as a whole.
  enum RdKafka {
    static var version: String { String(cString: rd_kafka_version_str()) }

    /// What is wrong with some of its settings.
    static func problems(of properties: [KafkaSource.Property]) -> [String] {
      let configuration = ConfigurationHandle()
      return properties.compactMap { property in
        switch configuration.set(property.name, property.value) {
        case RD_KAFKA_CONF_OK: nil
        case RD_KAFKA_CONF_UNKNOWN: "\(property.place): \(property.name) is not a setting of librdkafka \(version)"
        default: "\(property.place): librdkafka \(version) does not take this value of \(property.name)"
        }
      }
    }

    /// One of its errors.
    struct Code: Sendable, Equatable {
      let number: Int32

      init(_ number: Int32) { self.number = number }
      init(_ code: rd_kafka_resp_err_t) { number = code.rawValue }

      private var code: rd_kafka_resp_err_t { rd_kafka_resp_err_t(rawValue: number) }

      var isError: Bool { code != RD_KAFKA_RESP_ERR_NO_ERROR }

      var text: String { String(cString: rd_kafka_err2str(code)) }

      /// The failure kind; `nil` where librdkafka tries again by itself.
      var kind: FailureKind? {
        switch code {
        case RD_KAFKA_RESP_ERR__AUTHENTICATION, RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED,
          RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
          RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
          .denied
        case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC,
          RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION, RD_KAFKA_RESP_ERR__SSL,
          RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM, RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE:
          .misconfigured
        case RD_KAFKA_RESP_ERR__FATAL, RD_KAFKA_RESP_ERR__BAD_MSG, RD_KAFKA_RESP_ERR__BAD_COMPRESSION: .internal
        default: nil
        }
      }

      var isOfAllBrokers: Bool { code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN }

      var isMissingTopic: Bool {
        [
          RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC,
          RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION,
        ].contains(code)
      }
    }
  }
#endif
