/// Does work to its end although the calling task may be cancelled, and waits for it.
///
/// For what has to be done when a run stops: a row is closed, a lock given back. The work needs limits of its own, for
/// nothing from outside ends it.
package func shieldedFromCancellation<Value: Sendable, Failure: Error>(
  _ work: @escaping @Sendable () async throws(Failure) -> Value
) async throws(Failure) -> Value {
  // A separate task is not cancelled with the one that made it; task-local values and priority are the same.
  let task = Task { () async -> Result<Value, Failure> in
    do throws(Failure) { return .success(try await work()) } catch { return .failure(error) }
  }
  return try await task.value.get()
}
