import Redis
import Synchronization

/// The connections of a run to the primaries of a cluster, made when they are first needed and kept until something
/// goes wrong with one.
final class ClusterConnections: Sendable {
  /// A cluster as it was when it was last looked up.
  struct Cluster: Sendable {
    fileprivate var topology: Topology
    /// One for each primary.
    fileprivate(set) var connections: [RedisConnection]

    /// Which of the primaries holds a key.
    ///
    /// - Throws: a transient error if none does at the moment.
    func holder(of key: String) throws(RedisError) -> Int {
      let slot = KeySlot.slot(of: key)
      guard let range = topology.ranges.first(where: { $0.slots.contains(slot) }) else {
        throw .server(code: "CLUSTERDOWN", message: "no primary serves the slot \(slot)")
      }
      return range.primary
    }
  }

  private struct State {
    var cluster: Cluster?
    var isUsed = false
  }

  private let state = Mutex(State())

  /// Whether the run has looked up the primaries before.
  var isUsed: Bool { state.withLock(\.isUsed) }

  /// - Parameter connection: used to look up the primaries, if they are not known.
  func current(by connection: RedisConnection, clientName: String) async throws -> Cluster {
    if let known = state.withLock(\.cluster) { return known }
    let topology = try await connection.topology()
    let found = Cluster(
      topology: topology, connections: topology.primaries.map { RedisConnection($0, clientName: clientName) })
    state.withLock { $0 = State(cluster: found, isUsed: true) }
    return found
  }

  /// Forgets the primaries, so that they are looked up again.
  func forget() { state.withLock { $0.cluster = nil } }
}
