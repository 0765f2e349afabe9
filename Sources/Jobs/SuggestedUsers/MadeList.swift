import JobRuntime
import Postgres

/// The suggestions for one user.
struct MadeList: Sendable {
  struct Entry: Sendable {
    var id: String
    var score: Int64
    /// Up to three people in common, as JSON.
    var via: String
    var reason: String
  }

  var user: String
  var isInactive: Bool
  var entries: [Entry] = []

  var isFilled: Bool { entries.last?.reason == "popular" }

  /// Reads the rows of `batch.sql`, which are in the order of users.
  static func read(_ rows: Rows) throws -> [MadeList] {
    var lists: [MadeList] = []
    for row in rows {
      let user: String = try row.value("user_id")
      if lists.last.map({ ExactName($0.user) == ExactName(user) }) != true {
        lists.append(MadeList(user: user, isInactive: try row.value("is_inactive")))
      }
      guard let id: String = try row.optional("id") else { continue }
      lists[lists.count - 1].entries.append(
        Entry(
          id: id, score: try row.value("score"), via: try row.value("via"), reason: try row.value("reason")))
    }
    return lists
  }

  /// What is stored; a list with nobody in it leaves no key.
  func content(_ form: SuggestedUsers.Form) -> Replacement.Content {
    switch form {
    case .zset: .sortedSet(entries.map { ($0.id, "\($0.score)") })
    case .string: entries.isEmpty ? .sortedSet([]) : .string(text)
    }
  }

  var text: String {
    JSON.array(
      entries.map { entry in
        JSON(members: [
          ("id", .string(entry.id)), ("score", .integer(entry.score)), ("via", .verbatim(entry.via)),
          ("reason", .string(entry.reason)),
        ])
      }
    ).text
  }

  /// What differs when anything in the list does.
  var digest: Int64 { Self.digest(text) }

  static func digest(_ text: String) -> Int64 {
    var text = text
    return text.withUTF8 { Int64(bitPattern: FNV1a.digest(UnsafeRawBufferPointer($0))) }
  }
}
