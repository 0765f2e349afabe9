import Postgres

/// `create index concurrently if not exists NAME on TABLE …`: an index that is made beside whoever writes the table.
///
/// It runs outside of a transaction, so what was stopped halfway leaves an index that is not valid; the next call drops
/// that one and makes it again.
struct ConcurrentIndex: Equatable {
  var name: String
  var table: String
  /// What stands behind the table's name.
  var definition: String

  /// The statements of a file; `nil` in the place of one that is something else.
  static func all(in sql: String) -> [ConcurrentIndex?] {
    let lines = sql.split(separator: "\n").filter { !$0.hasPrefix("--") }
    return lines.joined(separator: " ").split(separator: ";").map { ConcurrentIndex(String($0)) }
  }

  init(name: String, table: String, definition: String) {
    (self.name, self.table, self.definition) = (name, table, definition)
  }

  init?(_ statement: String) {
    let words = statement.split(separator: " ", maxSplits: 9).map(String.init)
    guard words.count == 10, words[..<6] == ["create", "index", "concurrently", "if", "not", "exists"], words[7] == "on"
    else { return nil }
    (name, table, definition) = (words[6], words[8], words[9])
  }

  /// - Parameter limit: how long each index may take to be made.
  func make(_ session: borrowing Session, limit: Duration) throws {
    // What the role sets for statements of everyday is not for this one.
    try session.pipeline(["set statement_timeout = 0", "set lock_timeout = 0"])
    defer { _ = try? session.pipeline(["reset statement_timeout", "reset lock_timeout"]) }
    let question: Statement = """
      select relkind = 'p' as is_partitioned, relkind <> 'p' and pg_relation_size(oid) = 0 as is_empty
      from pg_class where oid = to_regclass(\(table))
      """
    let row = try session.query(question).only()
    guard try row.value("is_partitioned") else {
      // An empty table is not worth the wait for all transactions that are older.
      return try make(name, on: table, isBesideWriters: !row.value("is_empty", as: Bool.self), session, limit)
    }
    // Postgres makes no index of a partitioned table concurrently, but takes over those that its partitions have.
    let leaves: Statement = """
      select relid::regclass::text as leaf, (\(name) || '_' || relid::oid) as index, relid::oid
      from pg_partition_tree(\(table)::regclass) where isleaf order by relid
      """
    for leaf in try session.query(leaves) {
      try make(leaf.value("index"), on: leaf.value("leaf"), isBesideWriters: true, session, limit)
    }
    try make(name, on: table, isBesideWriters: false, session, limit)
  }

  private func make(
    _ index: String, on table: String, isBesideWriters: Bool, _ session: borrowing Session, _ limit: Duration
  ) throws {
    let concurrently = isBesideWriters ? " concurrently" : ""
    let question: Statement = """
      select indisvalid, indexrelid::regclass::text as name
      from pg_index join pg_class on pg_class.oid = indexrelid
      where indrelid = to_regclass(\(table)) and relname = \(index)
      """
    if let found = try session.query(question).first {
      if try found.value("indisvalid", as: Bool.self) { return }
      try session.query(
        Statement(sql: "drop index\(concurrently) \(found.value("name", as: String.self))").limited(to: limit))
    }
    try session.query(
      Statement(sql: "create index\(concurrently) \(index) on \(table) \(definition)").limited(to: limit))
  }
}
