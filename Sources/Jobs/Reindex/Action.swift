import JobRuntime
import Postgres

/// What is done with each page of documents.
enum Action: Sendable {
  /// Bring the index up to date.
  case write
  /// Put all into the table that a rebuild makes.
  case load
  /// Count what would be written.
  case look
  /// The same, and compare documents themselves.
  case verify

  init(_ mode: Mode, isDryRun: Bool) {
    self = mode == .verify ? .verify : isDryRun ? .look : mode == .rebuild ? .load : .write
  }

  /// Whether a cursor in the database keeps how far it has got.
  var keepsCursor: Bool { self == .write || self == .load }

  /// The parts of the statement for one page, and its end.
  ///
  /// - Parameter byIds: whether nothing is made of other documents than those of the page.
  func parts(byIds: Bool = false) -> (parts: [SQLFragment], last: SQLFragment) {
    let compared: [SQLFragment] = [byIds ? .pageByIDs : .page, .done, .compared]
    let documents = compared + [.documents]
    return switch self {
    case .write:
      (documents + [.written, .moved], .tally)
    case .load: (documents + [.loaded, .moved], .tally)
    case .look: (compared, .tally)
    case .verify: (documents + [.verified], .tallyVerified)
    }
  }

  /// Whether documents in this state are in the index once the page is done.
  func leavesInIndex(_ state: String) -> Bool {
    switch state {
    case "unchanged", "updated", "stale", "damaged", "kept": true
    case "inserted": keepsCursor
    case "removed", "orphaned": !keepsCursor
    default: false
    }
  }
}
