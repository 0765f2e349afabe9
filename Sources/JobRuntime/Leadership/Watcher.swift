/// Waits for a reason to stop the work, and throws it.
///
/// It returns in no other way.
typealias Watcher = @Sendable () async throws -> Void

/// Does a piece of work beside its watchers: the first of them that throws a `JobFailure` cancels the work, and the
/// work ends with that failure once it has stopped.
func watched<Value: Sendable>(
  by watchers: [Watcher], _ work: @escaping @Sendable () async throws -> Value
) async throws -> Value {
  let ended: Result<Value, any Error> = await withTaskGroup(of: Ending<Value>.self) { group in
    group.addTask {
      do { return .work(.success(try await work())) } catch { return .work(.failure(error)) }
    }
    for watcher in watchers {
      group.addTask {
        do { try await watcher() } catch { return .watcher(error) }
        return .watcher(CancellationError())
      }
    }
    var outcome: Result<Value, any Error>?
    var cause: JobFailure?
    for await ending in group {
      switch ending {
      case .work(let result): outcome = result
      // Watchers are cancelled once the work is done; their cancellation is not an error.
      case .watcher(let error): cause = cause ?? (outcome == nil ? error as? JobFailure : nil)
      }
      group.cancelAll()
    }
    return (outcome ?? .failure(CancellationError())).mapError { cause ?? $0 }
  }
  return try ended.get()
}

private enum Ending<Value: Sendable>: Sendable {
  case work(Result<Value, any Error>)
  case watcher(any Error)
}
