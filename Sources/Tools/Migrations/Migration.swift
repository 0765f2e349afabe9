/// One numbered step of one line of the schema: the file `lines/LINE/LINE_NUMBER_NAME.sql`.
///
/// A new step is a new file, and nothing else. It only adds to what stands, so that older binaries go on working
/// (docs/decisions/0005-migrations-only-add.md).
package struct Migration: Sendable, Equatable, CustomStringConvertible {
  package var line: String
  package var number: Int
  package var name: String
  package var sql: String
  /// Whether its statements run one by one and outside of a transaction: `create index concurrently`, and nothing else.
  package var isConcurrent = false
  /// A query that is run before the first step of all; each row, `complaint` and `remedy`, keeps it from starting.
  package var check: String?
  /// A query whose rows, `line`, are printed once the step is done.
  package var report: String?

  package var description: String { "\(line) \(number) \(name)" }
}

extension Migration {
  /// The line that all others rely on.
  package static let core = "core"

  /// All of them: `core` first, the other lines by name, each in its order.
  package static let all: [Migration] = {
    let texts = Dictionary(uniqueKeysWithValues: files.map { ($0.name, $0.text) })
    let migrations = texts.keys.compactMap { file in Migration(file: file, texts) }
    func place(_ migration: Migration) -> (String, Int) {
      (migration.line == core ? "" : migration.line, migration.number)
    }
    return migrations.sorted { place($0) < place($1) }
  }()

  /// The names of all lines, in the order in which they are applied.
  package static let lines = all.filter { $0.number == 1 }.map(\.line)

  /// The last number of each line among some migrations: "core 1, usage 1".
  package static func ends(of migrations: [Migration]) -> String {
    migrations.indices.filter { $0 + 1 == migrations.count || migrations[$0 + 1].line != migrations[$0].line }
      .map { "\(migrations[$0].line) \(migrations[$0].number)" }.joined(separator: ", ")
  }

  /// - Parameters:
  ///   - file: `core_0001_ledger.sql`; `nil` comes of one that only goes with a step.
  ///   - texts: every file's.
  private init?(file: String, _ texts: [String: String]) {
    let parts = file.split(separator: ".")
    let words = (parts.first ?? "").split(separator: "_", maxSplits: 2)
    guard !["check", "report"].contains(parts[1]), words.count == 3, let number = Int(words[1]) else { return nil }
    self.init(
      line: String(words[0]), number: number, name: String(words[2]), sql: texts[file] ?? "",
      isConcurrent: parts[1] == "concurrently", check: texts["\(parts[0]).check.sql"],
      report: texts["\(parts[0]).report.sql"])
  }
}
