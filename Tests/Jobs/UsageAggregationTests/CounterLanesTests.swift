import BlockingIO
import JobRuntime
import Postgres
import Redis
import TestSupport
import Testing

@testable import UsageAggregation

/// How counters are spread over the connections that write them.
@Suite struct CounterLanesTests {
  private let format = KeyFormat(prefix: "usage:")
  private var table: CounterTable { CounterTable(format: format) }

  private func add(_ name: String, to rows: inout LaneRows) throws {
    try Array(name.utf8).withUnsafeBytes { rows.append(try format.parse($0).get(), 1) }
  }

  /// How many rows come out of each queue.
  private func counts(of lanes: CounterLanes) throws -> [Int] {
    lanes.finish()
    return try lanes.queues.map { queue in
      var count = 0
      while let rows = try queue.next() { count += rows.count }
      return count
    }
  }

  @Test func `the same key always takes the same lane, and keys of one merchant take both`() throws {
    var rows = LaneRows(of: table, lanes: 2)
    for number in 0..<100 { try add("usage:m:2025-11-05:k\(number)", to: &rows) }
    let once = rows.lanes.map(\.count)
    #expect(once.allSatisfy { $0 > 20 }, "\(once)")
    for number in 0..<100 { try add("usage:m:2025-11-05:k\(number)", to: &rows) }
    #expect(rows.lanes.map(\.count) == once.map { 2 * $0 })
  }

  @Test func `less than a piece of all scans together goes to the first connection`() throws {
    let lanes = CounterLanes(of: table, count: 2)
    lanes.expect(scans: 2)
    for scan in 0..<2 {
      var rows = lanes.emptyRows()
      for number in 0..<1000 { try add("usage:m:2025-11-05:k\(scan)_\(number)", to: &rows) }
      try lanes.end(with: rows)
    }
    #expect(try counts(of: lanes) == [2000, 0])
  }

  @Test func `what scans have left over follows what was spread before`() throws {
    let lanes = CounterLanes(of: table, count: 2)
    lanes.expect(scans: 2)
    var (rows, number) = (lanes.emptyRows(), 0)
    while rows.size < LaneRows.chunk {
      try add("usage:m:2025-11-05:k\(number)", to: &rows)
      number += 1
    }
    let expected = rows.lanes.map { 2 * $0.count }
    let same = rows
    try lanes.send(&rows)
    try lanes.end(with: rows)
    #expect(rows.size == 0)
    try lanes.end(with: same)
    #expect(try counts(of: lanes) == expected)
  }

  @Test func `a queue says whether it has begun, and wakes who waits for it at either end`() async throws {
    let full = Handoff<Int>(capacity: 1)
    async let begun = full.hasBegun()
    try full.send(1)
    #expect(await begun)
    #expect(await full.hasBegun(), "nothing was taken by asking")
    #expect(try full.next() == 1)
    for end in [{ $0.finish() }, { $0.close() }] as [@Sendable (Handoff<Int>) -> Void] {
      let empty = Handoff<Int>(capacity: 1)
      async let begun = empty.hasBegun()
      end(empty)
      #expect(await !begun)
    }
  }
}
