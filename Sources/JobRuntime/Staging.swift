public import Postgres

/// A temporary table that outlives a transaction; see `JobRun.staging`.
public struct StagingTable: Sendable {
  /// A column of the temporary table.
  public struct Column: Sendable {
    /// The column's name; quoted where it has to be.
    public var name: String
    /// As SQL has it, with its collation: `text collate "C"`.
    public var type: String

    /// - Parameter type: as SQL has it, with its collation.
    public init(_ name: String, _ type: String) { (self.name, self.type) = (name, type) }
  }

  /// The table's name in the session's temporary schema.
  public let name: String
  /// The columns in the order in which rows are written.
  public let columns: [Column]
  /// How closely ANALYZE examines each column (`alter column … set statistics`); `nil` is the server's default.
  public let statisticsTarget: Int?

  /// - Parameter statisticsTarget: how closely ANALYZE examines each column; `nil` is the server's default.
  public init(_ name: String, _ columns: [Column], statisticsTarget: Int? = nil) {
    (self.name, self.columns, self.statisticsTarget) = (name, columns, statisticsTarget)
  }

  /// Creates it, where it does not exist yet.
  public var creation: Statement {
    let definition = columns.map { "\(quotedIdentifier($0.name)) \($0.type)" }.joined(separator: ", ")
    return Statement(sql: "create temporary table if not exists \(quotedIdentifier(name)) (\(definition))")
  }

  /// Creates it, or empties it.
  var preparation: [Statement] {
    let table = quotedIdentifier(name)
    var statements = [creation]
    if let statisticsTarget {
      let changes = columns.map { "alter \(quotedIdentifier($0.name)) set statistics \(statisticsTarget)" }
      statements.append(Statement(sql: "alter table pg_temp.\(table) \(changes.joined(separator: ", "))"))
    }
    return statements + [Statement(sql: "truncate pg_temp.\(table)")]
  }
}

/// A temporary table, lent to one piece of synchronous work.
///
/// The job cannot send its own statements through it.
public struct Staging: ~Copyable {
  private let session: Session
  private let table: StagingTable

  init(on session: borrowing Session, table: StagingTable) {
    self.session = session.lentOn()
    self.table = table
  }

  /// Fills the table by binary COPY, in the order of its columns.
  ///
  /// - Returns: how many rows the server stored.
  @discardableResult
  public func copy(_ body: (inout CopyWriter) throws -> Void) throws -> Int {
    try session.copy(into: table.name, columns: table.columns.map(\.name), body)
  }

  /// Fills the table with bytes that somebody else has written, in one of COPY's two forms that are text.
  ///
  /// - Parameter columns: in the order of the stream; the others have their defaults.
  /// - Returns: how many rows the server stored.
  @discardableResult
  public func copy(
    _ format: CopyFormat, columns: [String], _ body: (inout CopyTextWriter) throws -> Void
  ) throws -> Int {
    try session.copy(format, into: table.name, columns: columns, body)
  }

  /// Gathers statistics of the table: autovacuum does not do so for a temporary one.
  public func analyze() throws { try session.query("analyze \(identifier: table.name)") }
}
