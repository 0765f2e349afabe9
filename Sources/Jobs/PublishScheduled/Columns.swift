import JobRuntime
import Postgres

/// What the job needs of a table's columns.
struct Columns: Sendable, Equatable {
  var id: String
  var status: String
  var publishAt: String
  /// `nil` where the table keeps no time of publication.
  var publishedAt: String?

  /// Reads `id,status,publish_at,published_at`; the last may be missing.
  static func parse(_ text: String) -> Environment.Parsed<Columns> {
    let names = TableName.names(in: text)
    guard (3...4).contains(names.count), names.allSatisfy(TableName.isName),
      Set(names.map(ExactName.init)).count == names.count
    else {
      return .failure("is «\(text)», not three or four different names such as id,status,publish_at,published_at")
    }
    return .success(Columns(id: names[0], status: names[1], publishAt: names[2], publishedAt: names.dropFirst(3).first))
  }

  var names: [String] { [id, status, publishAt] + [publishedAt].compactMap(\.self) }
}
