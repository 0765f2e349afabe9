import Redis
import TestSupport
import Testing

/// The error of Redis that a piece of work ends with; anything else fails the test.
func redisError(
  sourceLocation: SourceLocation = #_sourceLocation, of work: () async throws -> some Any
) async throws -> RedisError {
  try await #require(throws: RedisError.self, sourceLocation: sourceLocation) { _ = try await work() }
}

extension RedisError {
  var isConnection: Bool { if case .connection = self { true } else { false } }
  var isTimedOut: Bool { if case .timedOut = self { true } else { false } }
  var code: String? { if case .server(let code, _) = self { code } else { nil } }
}

extension RedisAddress {
  /// Reads an address that is well-formed.
  static func read(_ url: String) throws -> RedisAddress {
    var problem = ""
    guard let address = RedisAddress(url: url, problem: &problem) else { throw TestFailure(problem) }
    return address
  }
}
