package import Testing

/// Waits until a condition holds. The limit only keeps a test that would hang from hanging.
package func eventually(
  within limit: Duration = .seconds(60), sourceLocation: SourceLocation = #_sourceLocation,
  _ isTrue: () async throws -> Bool
) async throws {
  let deadline = ContinuousClock.now + limit
  while try await !isTrue() {
    try #require(ContinuousClock.now < deadline, "did not come true within \(limit)", sourceLocation: sourceLocation)
    try await Task.sleep(for: .milliseconds(20))
  }
}
