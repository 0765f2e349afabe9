import Postgres
import Synchronization
import TestSupport
import Testing

@testable import JobRuntime

/// Letters that a run was given, and in which order.
final class Given: Sendable {
  private let letters = Mutex<[DeadLetter]>([])
  var items: [String] { letters.withLock { $0.map(\.item) } }
  var all: [DeadLetter] { letters.withLock(\.self) }
  func take(_ given: [DeadLetter]) { letters.withLock { $0 += given } }
}

extension LetterKind {
  static func named(_ name: String) -> LetterKind {
    LetterKind(name, cause: "The test says that it is \(name).", remedy: "Change the test.")
  }
}

/// That items have failed, as a job tells it.
func failures(_ items: [String]) -> [ItemFailure] {
  items.map { ItemFailure(item: $0, kind: .named("bad"), message: "is bad", payload: ["of": .string($0)]) }
}

/// A place in which these items of the sample job have failed.
///
/// - Parameter isLarge: whether a statement for each of them is large enough.
func placeWhere(failed items: [String], isLarge: Bool = false) async throws -> Place {
  let place = try await Place()
  let result = try await SampleJob { run in
    try await run.transaction { tx in
      for part in isLarge ? items.map({ [$0] }) : [items] { try tx.reject(failures(part)) }
    }
  }.result(in: place)
  #expect(result.status == .partial, "\(result.error?.message ?? "")")
  return place
}

/// What the run told of the letters that it was given.
func replayed(_ result: RunResult) -> String? { result.details["replayed"]?.text }
