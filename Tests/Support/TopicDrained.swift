/// A place, a Kafka and the real binary with the trait: what `Drained` is for streams.
package struct TopicDrained: JobFixture {
  package static let job = Drained.job
  package static var binary: Binary { TraitBuild.drain }

  package let kafka: KafkaCluster
  /// The place, the handler, and what became of the events.
  package let drained: Drained

  package var place: Place { drained.place }
  package var settings: [String: String] { drained.settings.merging(kafka.environment) { $1 } }

  /// - Parameter partitions: of the topic that is made; without it there is none.
  package init(
    _ more: [String: String] = [:], _ kind: KafkaCluster.Kind = .mock, partitions: Int? = 1
  ) async throws {
    let kafka = try await KafkaCluster(kind)
    if let partitions { try await kafka.create(partitions: partitions) }
    self.init(kafka, try await Drained(more))
  }

  package init(_ kafka: KafkaCluster, _ drained: Drained) { (self.kafka, self.drained) = (kafka, drained) }

  package func add(_ ids: Range<Int>, to partition: Int = 0) async throws {
    try await kafka.produce(ids.map { Drained.event($0, key: partition) }, to: partition)
  }

  /// How many effects came before one of an earlier event of their key; events of `add` have their key's numbers in order.
  package func overtaken() async throws -> String {
    try await place.value(
      "select count(*) from (select substr(id, 2)::int n, lag(substr(id, 2)::int) over (partition by key order by seen) b from effects) e where n < b"
    )
  }
}
