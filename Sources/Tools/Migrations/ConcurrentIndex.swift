import Postgres

/// `create index concurrently if not exists NAME on TABLE …`: an index that is made while others write the table.
///
/// It runs outside of a transaction, so what was stopped halfway leaves an index that is not valid; the next call drops
/// that one and makes it again.
struct ConcurrentIndex: Equatable {
  var name: String
  var table: String
  /// The text after the table's name.
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

  /// How `pg_get_indexdef` of such an index ends.
  var shown: String {
    " USING " + (definition.hasPrefix("using ") ? String(definition.dropFirst("using ".count)) : "btree \(definition)")
  }

  // MARK: Making it

  /// The steps in which the index is made.
  ///
  /// Postgres makes no index of a partitioned table concurrently, but takes over those that its partitions have. The
  /// frame comes first: partitions that are made later get their indexes by it.
  enum Part: CaseIterable, Sendable {
    /// The index of each partitioned table, still without those of its partitions.
    case frame
    /// The indexes of the tables that hold rows.
    case leaves
    /// What makes one out of them.
    case whole
  }

  /// Makes what is missing of a part.
  ///
  /// Writers wait for a table that is indexed without `concurrently`, and for everybody who waits for such a table; so
  /// that waits two seconds at most.
  ///
  /// - Parameter limit: how long each index may take to be made.
  /// - Throws: an error with the state 55P03 when a table is in use for longer: call it again then.
  func make(_ part: Part, _ session: borrowing Session, limit: Duration) throws {
    defer { _ = try? session.pipeline(["reset statement_timeout", "reset lock_timeout"]) }
    for node in try session.query(nodes).map({ try Node($0) }) {
      for (statement, isBesideWriters) in statements(of: part, at: node) {
        // What the role sets for statements of everyday is not for this one.
        try session.pipeline(["set statement_timeout = 0", isBesideWriters ? "set lock_timeout = 0" : Self.patience])
        try session.query(Statement(sql: statement).limited(to: limit))
      }
    }
  }

  private static let patience: Statement = "set lock_timeout = '2s'"

  private func statements(of part: Part, at node: Node) -> [(sql: String, isBesideWriters: Bool)] {
    switch part {
    case .frame:
      guard node.isPartitioned, node.index == nil else { return [] }
      return [("create index \(node.name) on only \(node.table) \(definition)", false)]
    case .leaves:
      guard !node.isPartitioned, !node.isValid else { return [] }
      // An empty table is not worth the wait for all transactions that are older.
      let concurrently = node.isEmpty ? "" : " concurrently"
      let drop = node.index.map { "drop index\(concurrently) \($0)" }
      let create = "create index\(concurrently) \(node.name) on \(node.table) \(definition)"
      return [drop, create].compactMap(\.self).map { (sql: $0, isBesideWriters: !node.isEmpty) }
    case .whole:
      guard let frame = node.frame, let index = node.index, !node.isAttached else { return [] }
      return [("alter index \(frame) attach partition \(index)", false)]
    }
  }

  /// A table, or one of its partitions, and what there is of its index.
  ///
  /// Names are quoted where they have to be.
  private struct Node {
    var table: String
    var isPartitioned: Bool
    var isEmpty: Bool
    /// What its index is called, or will be.
    var name: String
    var index: String?
    var isValid: Bool
    /// The index of the partitioned table that it is a part of.
    var frame: String?
    var isAttached: Bool

    init(_ row: Row) throws {
      table = try row.value("table")
      isPartitioned = try row.value("is_partitioned")
      isEmpty = try row.value("is_empty")
      name = try row.value("name")
      index = try row.optional("index")
      isValid = try row.value("is_valid")
      frame = try row.optional("frame")
      isAttached = try row.value("is_attached")
    }
  }

  /// The tables and partitions to index: empty tables before those that take long, and each before its partitions.
  ///
  /// A foreign table can have no index.
  private var nodes: Statement {
    get throws(PostgresError) {
      try SQLFragment(
        sql: """
          with recursive named as (
            select indexrelid, indrelid, relname from pg_index join pg_class on oid = indexrelid
            where starts_with(relname::text, :name) and right(pg_get_indexdef(oid), length(:shown::text)) = :shown
          ), node as (
            select oid, relkind, 0 as level, :name::text as name, null::oid as frame, false as is_attached,
              (select indexrelid from named where indrelid = oid and relname = :name) as index
            from pg_class where oid = to_regclass(:table)
            union all
            select c.oid, c.relkind, level + 1, own.name, node.index, attached.index is not null,
              coalesce(attached.index, (select indexrelid from named where indrelid = c.oid and relname = own.name))
            from node
            join pg_inherits i on node.relkind = 'p' and i.inhparent = node.oid
            join pg_class c on c.oid = i.inhrelid and c.relkind in ('r', 'p')
            cross join lateral (select :name::text || '_' || c.oid as name) as own
            -- Also one that Postgres made by the frame, which has another name.
            left join lateral (
              select indexrelid as index from pg_index join pg_inherits on inhrelid = indexrelid
              where indrelid = c.oid and inhparent = node.index) as attached on true
          )
          select oid::regclass::text as table, relkind = 'p' as is_partitioned, name, index::regclass::text as index,
            relkind <> 'p' and pg_relation_size(oid) = 0 as is_empty, coalesce(indisvalid, false) as is_valid,
            frame::regclass::text as frame, is_attached
          from node left join pg_index on indexrelid = index
          order by is_empty desc, level, oid
          """, ["name": name, "shown": shown, "table": table]
      ).statement()
    }
  }

  // MARK: Beforehand

  /// A row with `complaint` and `remedy` if something else has its name.
  var inTheWay: Statement {
    """
    select format('the name %s.%s is taken: %s', nspname, relname, coalesce(pg_get_indexdef(indexrelid), 'by no index')) as complaint,
      'Rename what has it and migrate again: an index of this name is to be made.' as remedy
    from pg_class join pg_namespace on pg_namespace.oid = relnamespace left join pg_index on indexrelid = pg_class.oid
    where nspname = current_schema() and relname = \(name)
      and not coalesce(
        indrelid = to_regclass(\(table)) and right(pg_get_indexdef(indexrelid), length(\(shown)::text)) = \(shown), false)
    """
  }
}
