/// Does work to its end, even if the calling task is cancelled, and waits for it.
///
/// For what has to be done when a run stops: closing a row, releasing a lock. Nothing from outside ends the work, so it
/// needs its own limits.
package func shieldedFromCancellation<Value: Sendable, Failure: Error>(
  _ work: @escaping @Sendable () async throws(Failure) -> Value
) async throws(Failure) -> Value {
  // A new task is not cancelled with the one that made it; task-local values and priority are the same.
  let task = Task { () async -> Result<Value, Failure> in
    do throws(Failure) { return .success(try await work()) } catch { return .failure(error) }
  }
  return try await task.value.get()
}
