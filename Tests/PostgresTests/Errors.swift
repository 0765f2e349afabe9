import Postgres
import Testing

/// The error of Postgres that a piece of work ends with; anything else fails the test.
func postgresError(
  sourceLocation: SourceLocation = #_sourceLocation, of work: () async throws -> some Any
) async throws -> PostgresError {
  let error = try await #require(throws: PostgresError.self, sourceLocation: sourceLocation) { _ = try await work() }
  return error
}

extension PostgresError {
  var isConnection: Bool { if case .connection = self { true } else { false } }
  var isTimedOut: Bool { if case .timedOut = self { true } else { false } }
  var isCancelled: Bool { if case .cancelled = self { true } else { false } }
  var isInvalidStatement: Bool { if case .invalidStatement = self { true } else { false } }
  var isEndsTransaction: Bool { if case .endsTransaction = self { true } else { false } }
  var isWritesReadOnly: Bool { if case .writesReadOnly = self { true } else { false } }
  var isDecoding: Bool { if case .decoding = self { true } else { false } }
}
