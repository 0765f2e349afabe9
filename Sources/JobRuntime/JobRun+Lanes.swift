import Postgres

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

  /// The same run on another connection.
  private func on(_ database: Database) -> JobRun {
    JobRun(
      scheduledAt: scheduledAt, startedAt: startedAt, shard: shard, isDryRun: isDryRun, log: log, id: id,
      deadline: deadline, job: job, database: database, redisConnection: redisConnection, retrier: retrier,
      record: record, leadership: leadership, precondition: precondition)
  }
}
