public import Postgres

extension Session {
  /// Describes the expressions in the user's files that MySQL evaluates by its own rules: mysql_fdw sends them although
  /// they mean something else there.
  ///
  /// Needs a transaction; the server only plans.
  ///
  /// - Returns: a remark for each file with such an expression. Mistakes in a file are reported elsewhere.
  public func foreignMeanings(
    of files: [SQLFile], binding values: [String: any PostgresEncodable] = [:]
  ) throws -> [String] {
    let texts = try query(Self.textColumns).map { try $0.value("name", as: String.self) }
    var remarks: [String] = []
    for file in files where !file.isBuiltIn {
      let explained = file.wrapped(in: SQLFragment(sql: "explain (verbose, costs off) {file}"))
      do {
        let plan = try attempt(explained, binding: values).map { try $0.value("QUERY PLAN", as: String.self) }
        let meaning = ForeignMeaning(file: file, plan: plan, texts: texts)
        if !meaning.differences.isEmpty { remarks.append(meaning.description) }
      } catch is SQLFile.Failure {}
    }
    return remarks
  }

  /// Columns of text in tables of MySQL, as mysql_fdw quotes them.
  private static let textColumns: Statement = """
    select distinct '`' || attname || '`' as name
    from pg_foreign_table
    join pg_foreign_server as s on s.oid = ftserver
    join pg_foreign_data_wrapper as w on w.oid = srvfdw and fdwname = 'mysql_fdw'
    join pg_attribute on attrelid = ftrelid and attnum > 0
    join pg_type as t on t.oid = atttypid and typcategory = 'S'
    """
}

/// What mysql_fdw 2.8 sends of a query, read from its plan.
struct ForeignMeaning: CustomStringConvertible {
  private let place: String
  let differences: [String]
  /// The statements for MySQL.
  let sent: String

  var description: String {
    "\(place): MySQL decides a part of it by its own rules: \(differences.joined(separator: "; ")). "
      + "Conditions over (select … from the table offset 0) stay in Postgres; sent is: \(sent)"
  }

  /// - Parameters:
  ///   - plan: as `explain (verbose)` has it.
  ///   - texts: quoted names of columns of text.
  init(file: SQLFile, plan: [String], texts: [String]) {
    let statements = plan.compactMap { line in
      line.split(separator: "Remote query: ", maxSplits: 1).dropFirst().first.map(String.init)
    }
    place = file.place
    sent = statements.joined(separator: "; ")
    let bare = statements.map(Self.withoutLiterals)
    func isDecidedThere(_ statement: String, by column: String) -> Bool {
      let parts = statement.split(separator: " WHERE ", maxSplits: 1)
      let isGrouped = statement.contains(" GROUP BY ") || statement.contains("DISTINCT ")
      return isGrouped && statement.contains(column) || parts.dropFirst().contains { $0.contains(column) }
    }
    let isChosen = bare.contains { $0.contains(" WHERE ") || $0.contains(" GROUP BY ") }
    let differences: [(String, Bool)] = [
      (
        "a cast to date is left out of what is sent",
        isChosen && Self.castsToDate(file) && !plan.contains { $0.contains(")::date") }
      ),
      ("/ keeps the fraction of whole numbers", bare.contains { $0.contains(" / ") }),
      ("|| is a logical or", bare.contains { $0.contains(" || ") }),
      (
        "texts are equal by MySQL's collation ('A' = 'a')",
        texts.contains { column in bare.contains { isDecidedThere($0, by: column) } }
      ),
    ]
    self.differences = differences.filter(\.1).map(\.0)
  }

  private static func castsToDate(_ file: SQLFile) -> Bool {
    let text = String(decoding: file.text, as: UTF8.self).lowercased().filter { !$0.isWhitespace }
    return text.contains("::date") || text.contains("asdate)")
  }

  /// The statement without what stands in quotes.
  private static func withoutLiterals(_ statement: String) -> String {
    statement.split(separator: "'", omittingEmptySubsequences: false).enumerated()
      .filter { $0.offset.isMultiple(of: 2) }.map { String($0.element) }.joined(separator: "''")
  }
}
