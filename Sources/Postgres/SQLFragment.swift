/// A piece of SQL with all that it needs: inputs (`:name`), whose values are bound, and holes (`{name}`), which other
/// fragments fill.
///
/// SQL is assembled in no other way.
///
/// A plain value. It knows the origin of its text, so a mistake names file and line. The assembled statement is the
/// same each time, so it can be kept as a file and compared (`Tests/Golden`).
public struct SQLFragment: Sendable {
  /// The file that the text stands in, for messages: `changed.sql`.
  public let place: String
  private let text: [UInt8]
  private var inputs: [String: Parameter] = [:]
  private var fillings: [String: SQLFragment] = [:]

  /// - Parameters:
  ///   - place: the file's name.
  ///   - text: its bytes, UTF-8. Inside of quotes and comments nothing is read as an input or a hole.
  ///   - inputs: a value for each name that the text may use; not every one has to be used.
  public init(_ place: String, _ text: [UInt8], _ inputs: [String: any PostgresEncodable] = [:]) {
    self.place = place
    self.text = text
    self.inputs = inputs.mapValues(\.postgresParameter)
  }

  /// A short text that stands in a Swift file.
  public init(
    sql: String, _ inputs: [String: any PostgresEncodable] = [:], file: String = #fileID, line: Int = #line
  ) {
    self.init("\(file):\(line)", Array(sql.utf8), inputs)
  }

  /// An empty fragment, for a hole that stays empty.
  public static let empty = SQLFragment("nothing", [])

  /// The name of a table or column, quoted.
  public static func identifier(_ name: String) -> SQLFragment { SQLFragment(sql: quotedIdentifier(name)) }

  /// Several fragments after each other.
  public static func joined(_ fragments: [SQLFragment], by separator: String) -> SQLFragment {
    let names = fragments.indices.map { "part_\($0)" }
    let whole = SQLFragment(sql: names.map { "{\($0)}" }.joined(separator: separator))
    return whole.filling(Dictionary(uniqueKeysWithValues: zip(names, fragments)))
  }

  /// The same fragment with other fragments in its holes.
  public func filling(_ holes: [String: SQLFragment]) -> SQLFragment {
    var copy = self
    copy.fillings.merge(holes) { $1 }
    return copy
  }

  /// The same fragment with more inputs, for itself and for what fills its holes.
  ///
  /// Inputs that it has already keep their values.
  public func binding(_ values: [String: any PostgresEncodable]) -> SQLFragment {
    binding(values.mapValues(\.postgresParameter))
  }

  private func binding(_ values: [String: Parameter]) -> SQLFragment {
    var copy = self
    copy.inputs.merge(values) { old, _ in old }
    copy.fillings = fillings.mapValues { $0.binding(values) }
    return copy
  }

  /// Puts the statement together.
  ///
  /// Errors: `PostgresError.invalidStatement`, naming file and line, for an input that has no value or a hole that has no
  /// filling, for a filling without a hole, and for an input that has two values in one statement.
  public func statement() throws(PostgresError) -> Statement {
    var assembly = Assembly()
    try append(to: &assembly)
    return Statement(
      sql: String(decoding: assembly.sql, as: UTF8.self), parameters: assembly.inputs.map(\.value),
      names: assembly.inputs.map(\.name))
  }

  // MARK: Assembly

  private struct Assembly {
    var sql: [UInt8] = []
    var inputs: [(name: String, value: Parameter, place: String)] = []
  }

  private func append(to assembly: inout Assembly) throws(PostgresError) {
    var scanner = SQLScanner(text: text)
    var unused = Set(fillings.keys)
    while let piece = scanner.next() {
      switch piece {
      case .text(let range): assembly.sql += text[range]
      case .name(let name, let offset): try append(input: name, at: offset, to: &assembly)
      case .hole(let name, let offset):
        unused.remove(name)
        guard let filling = fillings[name] else {
          throw .invalidStatement("\(place), line \(line(of: offset)): nothing fills {\(name)}")
        }
        try filling.append(to: &assembly)
        // A comment at the end of the filling would swallow what follows the hole.
        let end = assembly.sql.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        if assembly.sql[end...].contains([UInt8](repeating: UInt8(ascii: "-"), count: 2)) {
          assembly.sql.append(UInt8(ascii: "\n"))
        }
      }
    }
    if let name = unused.min() { throw .invalidStatement("\(place) has no {\(name)} to fill") }
  }

  private func append(input name: String, at offset: Int, to assembly: inout Assembly) throws(PostgresError) {
    func complaint() -> String { "\(place), line \(line(of: offset)): :\(name)" }
    guard let value = inputs[name] else {
      let known = inputs.keys.sorted().map { ":\($0)" }.joined(separator: ", ")
      throw .invalidStatement("\(complaint()) is not known here; known are \(known.isEmpty ? "none" : known)")
    }
    let index = assembly.inputs.firstIndex { $0.name == name } ?? assembly.inputs.endIndex
    if index == assembly.inputs.endIndex { assembly.inputs.append((name, value, place)) }
    guard assembly.inputs[index].value == value else {
      throw .invalidStatement("\(complaint()) has another value than in \(assembly.inputs[index].place)")
    }
    assembly.sql += "$\(index + 1)".utf8
  }

  private func line(of offset: Int) -> Int { text[..<offset].count { $0 == UInt8(ascii: "\n") } + 1 }
}

extension Statement {
  /// Reads a statement from one file, which needs no other: a fragment without holes.
  ///
  /// Errors: as `SQLFragment.statement()`.
  public init(
    file place: String, _ text: [UInt8], binding values: [String: any PostgresEncodable] = [:]
  ) throws(PostgresError) {
    self = try SQLFragment(place, text, values).statement()
  }
}
