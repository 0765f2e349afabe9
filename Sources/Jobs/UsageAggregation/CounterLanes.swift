import BlockingIO
import JobRuntime
import Postgres
import Synchronization

/// The way of counters from the scans to the connections that take them: each has its own queue.
///
/// Only rows for more than one chunk are spread over several connections; fewer rows all go to the first one.
final class CounterLanes: Sendable {
  let queues: [Handoff<CopyRows>]
  private let table: CounterTable
  private let state: Mutex<State>

  private struct State {
    /// The rows that finished scans had left.
    var rest: LaneRows
    var isSpread = false
    var openScans: Int
  }

  /// - Parameter count: how many connections there are at most.
  init(of table: CounterTable, count: Int) {
    queues = (0..<count).map { _ in Handoff(capacity: 2) }
    self.table = table
    state = Mutex(State(rest: LaneRows(of: table, lanes: count, room: 0), openScans: 0))
  }

  /// The empty rows with which a scan begins.
  func emptyRows() -> LaneRows { LaneRows(of: table, lanes: queues.count) }

  /// Sets how many scans there are: after the last one has ended, the rest is sent.
  func expect(scans: Int) { state.withLock { $0.openScans = scans } }

  /// Sends the rows that a scan has gathered, once they fill a chunk.
  ///
  /// Blocks while the connections are busy.
  func send(_ rows: inout LaneRows) throws {
    guard rows.size >= LaneRows.chunk else { return }
    state.withLock { $0.isSpread = true }
    try send(rows.removeAll())
  }

  /// Takes over the rows that a scan has left at its end.
  ///
  /// Blocks while the connections are busy.
  func end(with rows: LaneRows) throws {
    let ready = state.withLock { state -> [CopyRows] in
      state.rest.append(rows)
      state.openScans -= 1
      if state.rest.size >= LaneRows.chunk { state.isSpread = true }
      guard state.openScans == 0 || state.rest.size >= LaneRows.chunk else { return [] }
      let rest = state.rest.removeAll()
      if state.isSpread { return rest }
      return [rest.dropFirst().reduce(into: rest[0]) { $0.append($1) }]
    }
    try send(ready)
  }

  /// Ends the queues: nothing more comes, or `failure` says why.
  func finish(throwing failure: (any Error)? = nil) {
    for queue in queues { queue.finish(throwing: failure) }
  }

  /// Ends the queues from the emptying side.
  func close() {
    for queue in queues { queue.close() }
  }

  private func send(_ rows: [CopyRows]) throws {
    for (queue, rows) in zip(queues, rows) where rows.count > 0 { try queue.send(rows) }
  }
}
