/// Brings a database of the days when all migrations had one numbering, 1 to 11, to lines: once, in one transaction,
/// and without losing a row (docs/decisions/0022-migrations-in-lines.md).
enum Conversion {
  static let name = "from numbers to lines"

  private static let sql = String(decoding: PackageResources.numbers_to_lines_sql, as: UTF8.self)
  static let check = String(decoding: PackageResources.numbers_to_lines_check_sql, as: UTF8.self)

  static var summary: String {
    """
      the migrations 1 to 11 of before become \(Migration.ends(of: result.map(\.step)))
      every table of a run's identity gets the columns instance and server, and they become part of its key
      in oneshot: table letter_kinds; function search, moved here

    """
  }

  /// The steps that a converted database has, each with the number of before that stands for it.
  static let result: [(step: Migration, number: Int)] = [
    ("core", 1, 10), ("boards", 1, 4), ("rollups", 1, 6), ("rollups", 2, 6), ("rollups", 3, 6), ("search", 1, 7),
    ("search", 2, 7), ("search", 3, 11), ("usage", 1, 2),
  ].compactMap { line, number, before in
    Migration.all.first { $0.line == line && $0.number == number }.map { ($0, before) }
  }

  /// All of it, for one transaction.
  static var script: String {
    let rows = result.map { step, number in
      """
      insert into oneshot.migrations (line, number, name, applied_at)
      select \(step.row), applied_at from numbers_of_before where version = \(number);

      """
    }
    return sql + rows.joined() + "drop table numbers_of_before;\n"
  }
}
