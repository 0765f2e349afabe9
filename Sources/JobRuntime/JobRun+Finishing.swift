import BlockingIO

extension JobRun {
  /// Does a piece of work to its end even if the run is being stopped: it records what has happened outside.
  ///
  /// It has to be short: a run has few seconds left then (`StopLimits`).
  @discardableResult
  public func finishing<Value: Sendable>(
    _ work: @escaping @Sendable (JobRun) async throws -> Value
  ) async throws -> Value {
    try await shieldedFromCancellation { try await work(self) }
  }
}
