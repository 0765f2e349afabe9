import JobRuntime
import Postgres

/// What one statement made of a page of documents.
struct Batch: Sendable {
  var tally = Tally()
  /// The id of the page's last document; `nil` for an empty page.
  var last: String?
  var failures: [ItemFailure] = []
  /// How many documents of the source are in the index.
  var present = 0

  /// Reads the rows of a statement that ends in `tally….sql`.
  init(_ rows: Rows, of entity: Entity, _ action: Action) throws {
    for row in rows {
      let documents: Int = try row.value("documents")
      let state: String = try row.value("state")
      last = try row.optional("last_id")
      if let twice = try row.optional("twice", as: String.self) {
        throw SQLFile.Failure("\(entity.file.place): the id «\(twice.prefix(100))» stands in it twice")
      }
      tally.read += documents
      if action.leavesInIndex(state) { present += documents }
      // What a rebuild changes is counted when all is loaded.
      guard action != .load || ["failed", "kept"].contains(state) else { continue }
      try count(state, documents, row, entity)
    }
  }

  private mutating func count(_ state: String, _ documents: Int, _ row: Row, _ entity: Entity) throws {
    func id() throws -> String { try row.value("failed_id") }
    switch state {
    case "inserted": tally.inserted += documents
    case "updated": tally.updated += documents
    case "unchanged": tally.unchanged += documents
    case "removed": tally.removed += documents
    case "failed", "kept":
      tally.failed += documents
      failures.append(.unknownLanguage(try row.optional("failed_language") ?? "", of: try id(), in: entity))
    case "missing":
      tally.missing += documents
      failures.append(.difference(.missing, "it is not in the index", of: try id(), in: entity))
    case "stale":
      tally.stale += documents
      failures.append(.difference(.stale, "the index has it as it was", of: try id(), in: entity))
    case "damaged":
      tally.stale += documents
      let what =
        "the index differs from what its texts make, as after a change of dictionaries; a rebuild fixes it"
      failures.append(.difference(.stale, what, of: try id(), in: entity))
    case "orphaned":
      tally.orphaned += documents
      failures.append(.orphaned(try id(), in: entity))
    default: break  // Deleted, and not in the index.
    }
  }
}

extension ItemFailure {
  /// A document's name among dead letters.
  static func item(_ id: String, in entity: Entity) -> String { "\(entity.name)/\(id)" }

  static func unknownLanguage(_ language: String, of id: String, in entity: Entity) -> ItemFailure {
    ItemFailure(
      item: item(id, in: entity), kind: .unknownLanguage,
      message:
        "«\(language.prefix(100))» is not a text search configuration of pg_catalog, nor of the schema of search_documents. \(stays)",
      payload: ["entity": .string(entity.name), "id": .string(id), "language": .string(language)])
  }

  /// - Parameter error: what the server said of a statement that had only this document to do.
  static func unindexable(_ id: String, in entity: Entity, _ error: PostgresError.ServerError) -> ItemFailure {
    ItemFailure(
      item: item(id, in: entity), kind: .unindexable,
      message: "\(error.message) (SQLSTATE \(error.state.rawValue)). \(stays)",
      payload: ["entity": .string(entity.name), "id": .string(id), "sqlstate": .string(error.state.rawValue)])
  }

  static func entityFailed(_ entity: Entity, _ message: String) -> ItemFailure {
    ItemFailure(
      item: entity.name, kind: .entityFailed, message: message, payload: ["entity": .string(entity.name)])
  }

  static func difference(_ kind: LetterKind, _ what: String, of id: String, in entity: Entity) -> ItemFailure {
    ItemFailure(item: item(id, in: entity), kind: kind, message: what)
  }

  static func missingLanguage(_ language: String) -> ItemFailure {
    ItemFailure(
      item: "search_languages/\(language)", kind: .missing,
      message: "documents have this language, and search() does not look for it; a rebuild fixes that")
  }

  static func missingIndex(_ what: String) -> ItemFailure {
    ItemFailure(
      item: "search_documents/\(what)", kind: .missing,
      message: "search_documents has no \(what): it was dropped; a rebuild creates it")
  }

  static func orphaned(_ id: String, in entity: Entity) -> ItemFailure {
    difference(.orphaned, "the index has it, and its source no longer", of: id, in: entity)
  }

  private static var stays: String { "What search() finds of it stays as it was" }
}

extension SQLState {
  /// Whether an error may be about one document among many: a text that is too large or that a function of the
  /// entity's file cannot take, a damaged row.
  var isOfOneDocument: Bool { ["21", "22", "38", "39", "54", "P0", "XX"].contains(errorClass) }

  /// Whether an error may be about one value: an id that is none.
  var isOfAValue: Bool { errorClass == "22" }

  /// Whether an error is about what one entity's statement asks for: not about a server that is full, stopping or
  /// somebody else's replica, a limit of time, nor the role's rights.
  var isOfOneEntity: Bool {
    !isTransient && !isDenied && self != .protocolViolation && !["25", "57", "58"].contains(errorClass)
  }
}
