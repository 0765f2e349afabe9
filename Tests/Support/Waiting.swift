import Foundation

/// Waits until a condition holds.
///
/// The limit only keeps a test that would hang from hanging.
///
/// It throws rather than records: this module is built with everything else, also where the testing library
/// is not to be had (statically).
package func eventually(
  within limit: Duration = .seconds(180), file: StaticString = #fileID, line: UInt = #line,
  _ isTrue: () async throws -> Bool
) async throws {
  let deadline = ContinuousClock.now + limit
  // Most come true at once, and those that do not have time.
  var pause = Duration.milliseconds(1)
  while try await !isTrue() {
    guard ContinuousClock.now < deadline else { throw TestFailure("\(file):\(line) did not come true within \(limit)") }
    try await Task.sleep(for: pause)
    pause = min(pause * 2, .milliseconds(16))
  }
}

/// Runs work that blocks on a thread of its own: the shared pool has only as many threads as cores.
package func onThread<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
  try await withCheckedThrowingContinuation { continuation in
    Thread.detachNewThread { continuation.resume(with: Result { try work() }) }
  }
}
