import Events
import JobRuntime
import Kafka

/// How long brokers may be silent.
///
/// Silence proves nothing: only the brokers know that there is nothing to read.
enum TopicPatience {
  static let limit = Duration.seconds(10)
}

extension TopicClient {
  /// The offsets that partitions have.
  func bounds(of partitions: [Partition]) async throws -> [Int: Range<Int64>] {
    let numbers = partitions.map(\.number)
    let (starts, ends) = (try await knownOffsets(.start, of: numbers), try await knownOffsets(.end, of: numbers))
    return Dictionary(
      uniqueKeysWithValues: numbers.map { number in
        let start = starts[number] ?? 0
        return (number, start..<max(start, ends[number] ?? start))
      })
  }

  /// Asks again for as long as brokers may be silent: one may be about to come back.
  private func knownOffsets(_ edge: TopicEdge, of partitions: [Int]) async throws -> [Int: Int64] {
    let end = ContinuousClock.now + TopicPatience.limit
    while true {
      if let offsets = try await offsets(edge, of: partitions, within: .seconds(2)) { return offsets }
      guard ContinuousClock.now < end else { throw silence(of: "partitions \(partitions.sorted())") }
      try await Task.sleep(for: .milliseconds(100))
    }
  }

  func silence(of what: String) -> JobFailure {
    JobFailure(
      .unavailable, "Kafka does not answer about \(what): \(complaint ?? "no broker has answered for ten seconds")",
      hint: "Check that the leaders of its partitions run; the next run continues where this one stopped.")
  }
}
