import Postgres
import Synchronization

extension JobRun {
  /// Does several pieces of work at once, each on its own connection to Postgres, with the run's fence.
  ///
  /// The first that fails stops the others, and its error is thrown once they have stopped.
  ///
  /// - Parameters:
  ///   - count: how many; 1 uses the run's own connection.
  ///   - work: given the lane's number, from 0, and the run on the lane's connection.
  /// - Returns: what the lanes returned, in their order.
  @discardableResult
  public func inLanes<Value: Sendable>(
    _ count: Int, _ work: @escaping @Sendable (_ lane: Int, _ run: JobRun) async throws -> Value
  ) async throws -> [Value] {
    try await withLanes(count) { try await Self.atOnce($0, work) }
  }

  /// Lends the run on several connections to Postgres, the first of them the run's, for work that uses each of them
  /// repeatedly.
  ///
  /// A connection is made when it is first used, and closed at the end.
  public func withLanes<Value>(_ count: Int, _ work: ([JobRun]) async throws -> Value) async throws -> Value {
    let others = (0..<count).dropFirst().map { _ in database.another() }
    let lanes = Array(([self] + others.map(on)).prefix(count))
    let result: Result<Value, any Error>
    do { result = .success(try await work(lanes)) } catch { result = .failure(error) }
    for other in others { await other.close() }
    return try result.get()
  }

  /// Does a piece of work on each lane at once.
  ///
  /// The first that fails stops the others, and its error is thrown once they have stopped.
  ///
  /// - Parameter work: given the lane's number, from 0.
  /// - Returns: what the lanes returned, in their order.
  @discardableResult
  public static func atOnce<Value: Sendable>(
    _ lanes: [JobRun], _ work: @escaping @Sendable (_ lane: Int, _ run: JobRun) async throws -> Value
  ) async throws -> [Value] {
    try await withThrowingTaskGroup(of: (Int, Value).self) { group in
      for (lane, run) in lanes.enumerated() { group.addTask { (lane, try await work(lane, run)) } }
      var values: [Int: Value] = [:]
      for try await (lane, value) in group { values[lane] = value }
      return lanes.indices.compactMap { values[$0] }
    }
  }

  /// Does a piece of work for each of the items, several at once: a lane that has finished one takes the next, so no
  /// lane is idle while items are left.
  ///
  /// - Parameter count: how many lanes there are at most.
  /// - Returns: what was returned for the items, in no order.
  @discardableResult
  public func inLanes<Item: Sendable, Value: Sendable>(
    _ count: Int, over items: [Item], _ work: @escaping @Sendable (Item, JobRun) async throws -> Value
  ) async throws -> [Value] {
    let supply = Supply(items)
    return try await inLanes(min(count, items.count)) { _, run in
      var values: [Value] = []
      while let item = supply.next() { values.append(try await work(item, run)) }
      return values
    }.flatMap { $0 }
  }

  /// The same run on another connection.
  private func on(_ database: Database) -> JobRun {
    var run = self
    run.database = database
    return run
  }
}

/// Items, each of which is handed to one lane.
private final class Supply<Item: Sendable>: Sendable {
  private let left: Mutex<ArraySlice<Item>>

  init(_ items: [Item]) { left = Mutex(items[...]) }

  func next() -> Item? { left.withLock { $0.popFirst() } }
}
