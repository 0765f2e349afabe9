import BlockingIO

extension JobRun {
  /// Does a piece of work to its end although the run is being stopped: what has happened outside is written down.
  ///
  /// Short, for a run has few seconds left then (`StopLimits`).
  @discardableResult
  public func finishing<Value: Sendable>(
    _ work: @escaping @Sendable (JobRun) async throws -> Value
  ) async throws -> Value {
    try await shieldedFromCancellation { try await work(self) }
  }
}
