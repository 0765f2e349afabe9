import Foundation
package import Postgres

/// The assembled statements of one job, as files below Tests/Golden that anybody can paste into psql.
///
/// `ONESHOT_GOLDEN=write swift test --filter Golden` writes them anew after a change that is meant.
package struct GoldenStatements {
  private let job: String
  private var statements: [(name: String, statement: Statement)] = []
  package let samples: [String: any PostgresEncodable]
  private let root: URL

  /// - Parameters:
  ///   - job: the folder below Tests/Golden.
  ///   - samples: a value for each input that any of the statements has.
  package init(_ job: String, _ samples: [String: any PostgresEncodable]) {
    (self.job, self.samples) = (job, samples)
    root = goldenRoot
  }

  /// Adds the files of a folder that are statements by themselves.
  ///
  /// - Parameter parts: names of those that are not: fragments, which are looked at in the statements that they are in.
  package mutating func add(folder: String, except parts: Set<String>) throws {
    let folder = root.appending(path: "Sources/\(folder)/sql")
    for file in try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() {
      let name = String(file.dropLast(".sql".count))
      guard file.hasSuffix(".sql"), !parts.contains(name) else { continue }
      let text = try Data(contentsOf: folder.appending(path: file))
      add(name, try Statement(file: file, [UInt8](text), binding: samples))
    }
    let missing = parts.filter { !FileManager.default.fileExists(atPath: folder.appending(path: "\($0).sql").path) }
    guard missing.isEmpty else { throw TestFailure("no files: \(missing.sorted())") }
  }

  /// The text of a file with holes, which the job fills.
  package func text(of name: String, in folder: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: root.appending(path: "Sources/\(folder)/sql/\(name).sql")))
  }

  /// Adds a statement as the job puts it together.
  package mutating func add(_ name: String, _ statement: Statement) { statements.append((name, statement)) }

  /// Compares all with their files, and has psql carry each out in a transaction that is rolled back.
  ///
  /// - Parameter needs: which statements have to come before one, in the same transaction; `*` comes before every one.
  package func check(in place: Place, needs: [String: [String]] = [:]) async throws {
    let texts = Dictionary(statements.map { ($0.name, $0.statement.pasteable("\(job), \($0.name)")) }) { _, last in last
    }
    let folder = root.appending(path: "Tests/Golden/\(job)")
    if isWritingGolden { try write(texts, to: folder) }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    var complaints: [String] = []
    for file in Set(names).union(texts.keys.map { "\($0).sql" }).sorted() {
      let stored = try? String(contentsOf: folder.appending(path: file), encoding: .utf8)
      let text = texts[String(file.dropLast(".sql".count))]
      if stored != text { complaints.append("Tests/Golden/\(job)/\(file): \(Self.difference(stored, text))") }
    }
    for (name, text) in texts.sorted(by: { $0.key < $1.key }) {
      let before = ((needs["*"] ?? []) + (needs[name] ?? [])).filter { $0 != name }.map { texts[$0] ?? "\($0);\n" }
      let script = "begin;\n" + before.joined() + text + "rollback;\n"
      if let complaint = try await place.paste(script) { complaints.append("\(name): \(complaint)") }
    }
    guard complaints.isEmpty else { throw TestFailure(complaints.joined(separator: "\n")) }
  }

  private func write(_ texts: [String: String], to folder: URL) throws {
    try? FileManager.default.removeItem(at: folder)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for (name, text) in texts {
      try text.write(to: folder.appending(path: "\(name).sql"), atomically: true, encoding: .utf8)
    }
  }

  fileprivate static func difference(_ stored: String?, _ text: String?) -> String {
    guard let stored else { return "is missing" }
    guard let text else { return "is no statement of the job any more" }
    let lines = zip(stored.split(separator: "\n"), text.split(separator: "\n")).enumerated()
    guard let first = lines.first(where: { $1.0 != $1.1 }) else { return "has another length" }
    return "line \(first.offset + 1) is «\(first.element.0)», and the job has «\(first.element.1)»"
  }

}

extension Place {
  /// Has psql carry out a script.
  ///
  /// - Returns: what it has against it.
  package func paste(_ script: String) async throws -> String? {
    let folder = try TemporaryFolder()
    let file = URL(filePath: folder.path).appending(path: "script.sql")
    try script.write(to: file, atomically: true, encoding: .utf8)
    let psql = try await Binary(path: "/usr/bin/psql").run(
      ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-o", "/dev/null", "-f", file.path, databaseURL],
      ["PGOPTIONS": "-c client_min_messages=warning", "PATH": "/usr/bin:/bin"])
    return psql.exitCode == 0 ? nil : psql.errors.replacing(file.path, with: "line")
  }
}

/// Compares a text with its file below Tests/Golden.
package func checkGolden(_ text: String, _ path: String) throws {
  let file = goldenRoot.appending(path: "Tests/Golden/\(path)")
  if isWritingGolden {
    try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try text.write(to: file, atomically: true, encoding: .utf8)
  }
  let stored = try? String(contentsOf: file, encoding: .utf8)
  guard stored != text else { return }
  throw TestFailure("Tests/Golden/\(path): \(GoldenStatements.difference(stored, text))")
}

private let goldenRoot = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized

private let isWritingGolden = ProcessInfo.processInfo.environment["ONESHOT_GOLDEN"] == "write"

extension Statement {
  /// The statement for psql: its values stand at the top as variables, to be changed at will.
  ///
  /// It is prepared, so that its parameters have the types that they have in a run; what cannot be prepared has the
  /// values in its text.
  fileprivate func pasteable(_ title: String) -> String {
    let variables = parameters.indices.map { names.isEmpty ? "value_\($0 + 1)" : names[$0] }
    let values = zip(variables, parameters).map { "\\set \($0) \(Self.psqlQuoted($1.literal))\n" }.joined()
    let head = "-- \(title)\n" + values
    let body = sql.trimmingCharacters(in: .whitespacesAndNewlines) + "\n;\n"
    guard isPreparable else {
      return head
        + body.replacing(/\$(\d+)/) { match in Int(match.1).map { ":" + variables[$0 - 1] } ?? String(match.0) }
    }
    let types = parameters.isEmpty ? "" : " (" + parameters.map(\.typeName).joined(separator: ", ") + ")"
    let arguments = variables.isEmpty ? "" : " (" + variables.map { ":\($0)" }.joined(separator: ", ") + ")"
    return head + "prepare golden\(types) as\n" + body + "execute golden\(arguments);\ndeallocate golden;\n"
  }

  /// Manual, PREPARE: "any SELECT, INSERT, UPDATE, DELETE, MERGE, or VALUES statement".
  private var isPreparable: Bool {
    let lines = sql.split(separator: "\n").drop { $0.hasPrefix("--") || $0.allSatisfy(\.isWhitespace) }
    let word = lines.first?.trimmingPrefix(/\s*/).prefix { $0.isLetter }.lowercased() ?? ""
    return ["select", "insert", "update", "delete", "values", "with"].contains(word)
  }

  /// An argument of a psql command (manual, psql, "Meta-Commands": quotes are doubled, C's escapes hold).
  private static func psqlQuoted(_ text: String) -> String {
    "'"
      + text.replacing("\\", with: "\\\\").replacing("'", with: "''").replacing("\n", with: "\\n") + "'"
  }
}

extension Parameter {
  fileprivate var typeName: String {
    switch type {
    case 16: "boolean"
    case 20: "bigint"
    case 701: "double precision"
    case 1082: "date"
    case 1184: "timestamptz"
    case 2950: "uuid"
    default: "unknown"
    }
  }

  /// The value as SQL has it.
  fileprivate var literal: String {
    guard let text else { return "null" }
    let quoted = "'" + text.replacing("'", with: "''") + "'"
    switch type {
    case 16: return text == "t" ? "true" : "false"
    case 0: return quoted
    default: return "\(quoted)::\(typeName)"
    }
  }
}
