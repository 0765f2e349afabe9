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
  func parts(byIds: Bool = false) -> (parts: [[UInt8]], last: [UInt8]) {
    let page = byIds ? PackageResources.page_by_ids_sql : PackageResources.page_sql
    let compared = [page, PackageResources.done_sql, PackageResources.compared_sql]
    let documents = compared + [PackageResources.documents_sql]
    return switch self {
    case .write:
      (documents + [PackageResources.written_sql, PackageResources.moved_sql], PackageResources.tally_sql)
    case .load: (documents + [PackageResources.loaded_sql, PackageResources.moved_sql], PackageResources.tally_sql)
    case .look: (compared, PackageResources.tally_sql)
    case .verify: (documents + [PackageResources.verified_sql], PackageResources.tally_verified_sql)
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
