import Postgres
import Synchronization

extension JobRun {
  /// Does several pieces of work at once, each with a connection to Postgres of its own, fenced as the run's.
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
    try await withThrowingTaskGroup(of: (Int, Value).self) { group in
      for lane in 0..<count {
        group.addTask {
          guard lane > 0 else { return (lane, try await work(lane, self)) }
          let database = database.another()
          let result: Result<Value, any Error>
          do { result = .success(try await work(lane, on(database))) } catch { result = .failure(error) }
          await database.close()
          return (lane, try result.get())
        }
      }
      var values: [Int: Value] = [:]
      for try await (lane, value) in group { values[lane] = value }
      return (0..<count).compactMap { values[$0] }
    }
  }

  /// Does a piece of work for each of the items, several at once: a lane that is through with one takes the next, so none
  /// is idle while there is more to begin with.
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

/// Items of which each is given to one who asks.
private final class Supply<Item: Sendable>: Sendable {
  private let left: Mutex<ArraySlice<Item>>

  init(_ items: [Item]) { left = Mutex(items[...]) }

  func next() -> Item? { left.withLock { $0.popFirst() } }
}
