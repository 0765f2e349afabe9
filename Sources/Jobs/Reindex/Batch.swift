import JobRuntime
import Postgres

/// What one statement made of a page of documents.
struct Batch: Sendable {
  var tally = Tally()
  /// The id of the page's last document; `nil` for an empty page.
  var last: String?
  var failures: [ItemFailure] = []
  /// How many documents of the source are in the index now.
  var present = 0

  /// Reads the rows of `tally.sql`.
  init(_ rows: Rows, of entity: Entity) throws {
    for row in rows {
      let documents: Int = try row.value("documents")
      last = try row.optional("last_id")
      if let twice = try row.optional("twice", as: String.self) { throw Self.twice(twice, entity) }
      tally.read += documents
      let state: String = try row.value("state")
      if ["inserted", "updated", "unchanged", "kept"].contains(state) { present += documents }
      switch state {
      case "inserted": tally.inserted += documents
      case "updated": tally.updated += documents
      case "unchanged": tally.unchanged += documents
      case "removed": tally.removed += documents
      case "failed", "kept":
        tally.failed += documents
        failures.append(
          .unknownLanguage(
            try row.optional("failed_language") ?? "", of: try row.value("failed_id", as: String.self), in: entity))
      default: break
      }
    }
  }

  private static func twice(_ id: String, _ entity: Entity) -> SQLFile.Failure {
    SQLFile.Failure("\(entity.file.place): the id «\(id.prefix(100))» stands in it twice")
  }
}

extension ItemFailure {
  /// A document's name among dead letters.
  static func item(_ id: String, in entity: Entity) -> String { "\(entity.name)/\(id)" }

  static func unknownLanguage(_ language: String, of id: String, in entity: Entity) -> ItemFailure {
    ItemFailure(
      item: item(id, in: entity), kind: "unknown_language",
      message: "«\(language.prefix(100))» is no text search configuration of this database (\\dF lists them). \(keeps)",
      payload: ["entity": .string(entity.name), "id": .string(id), "language": .string(language)])
  }

  /// - Parameter error: what the server said of a statement that had only this document to do.
  static func unindexable(_ id: String, in entity: Entity, _ error: PostgresError.ServerError) -> ItemFailure {
    ItemFailure(
      item: item(id, in: entity), kind: "unindexable",
      message: "\(error.message) (SQLSTATE \(error.state.rawValue)). \(keeps)",
      payload: ["entity": .string(entity.name), "id": .string(id), "sqlstate": .string(error.state.rawValue)])
  }

  static func entityFailed(_ entity: Entity, _ message: String) -> ItemFailure {
    ItemFailure(
      item: entity.name, kind: "entity_failed", message: message, payload: ["entity": .string(entity.name)])
  }

  private static var keeps: String { "What search() finds of it stays as it was" }
}

extension SQLState {
  /// Whether an error may be about one document among many: a text that is too large or that a function of the
  /// entity's file cannot take, a damaged row.
  var isOfOneDocument: Bool { ["21", "22", "38", "39", "54", "P0", "XX"].contains(errorClass) }
}
