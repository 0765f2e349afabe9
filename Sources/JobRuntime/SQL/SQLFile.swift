public import Postgres

/// A query in a file: one of the job, or one that an operator mounted.
public struct SQLFile: Sendable {
  /// The file's name without `.sql`.
  public let name: String
  /// The location of its text, for messages.
  public let place: String
  /// The file's text in UTF-8, without a byte order mark; empty where it could not be read.
  public private(set) var text: [UInt8]
  /// The fillings for the holes of a built-in file.
  private var fillings: [String: SQLFragment] = [:]
  /// The statement that the query is a part of.
  private var frame: SQLFragment?
  /// Why it cannot be tried at all.
  public private(set) var problem: String?
  /// Whether it is part of the binary rather than a file of the operator.
  public private(set) var isBuiltIn: Bool
  /// Whether a full disk or too little memory counts as this query's fault: true for one that reads very much at once.
  public var isBlamedForShortage = true

  /// The time zone in which its dates are read; without one UTC, the session's.
  public var timeZone: String?

  /// How many lines of the text are the file's; the lines after them are added.
  private var lines = Int.max

  /// A file that is embedded in the binary.
  public init(builtIn name: String, _ text: [UInt8], filling fillings: [String: SQLFragment] = [:]) {
    (self.name, place, self.text, isBuiltIn) = (name, "\(name).sql (built in)", text, true)
    self.fillings = fillings
  }

  /// Reads a file; a mistake in it affects only this file.
  init(file: String, in folder: String) {
    place = "\(folder)/\(file)"
    name = String(file.dropLast(Self.ending.count))
    (text, isBuiltIn) = ([], false)
    guard Self.isName(name) else {
      problem = "\(place): the name before .sql takes a-z, 0-9 and _, a letter first, and 63 of them at most"
      return
    }
    read()
  }

  /// Reads the one file that a setting names, whatever its name.
  public init(path: String) {
    (name, place, text, isBuiltIn) = (path, path, [], false)
    read()
  }

  private mutating func read() {
    do {
      text = Array(try SmallFile.read(place).utf8)
      if text.starts(with: Self.byteOrderMark) { text.removeFirst(Self.byteOrderMark.count) }
      if text.contains(0) { problem = "\(place) holds a NUL" }
    } catch {
      problem = "\(place) cannot be read: \(error)"
    }
  }

  static let ending = ".sql"

  /// The byte order mark that some editors put before a text in UTF-8.
  private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

  /// A name becomes part of keys and item names, so it has a small alphabet without characters that have a meaning
  /// there.
  private static func isName(_ text: String) -> Bool {
    let letters = Array(text.utf8)
    guard let first = letters.first, letters.count <= 63 else { return false }
    func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte) }
    return isLetter(first) && letters.allSatisfy { isLetter($0) || (0x30...0x39).contains($0) || $0 == 0x5F }
  }

  // MARK: Use

  /// The same file, marked as one that cannot be tried, with the reason.
  public func refused(_ problem: String) -> SQLFile {
    var file = self
    file.problem = file.problem ?? problem
    return file
  }

  /// The same built-in file with fragments in its holes.
  public func filling(_ holes: [String: SQLFragment]) -> SQLFile {
    var file = self
    file.fillings.merge(holes) { $1 }
    return file
  }

  /// The same statement with these files in its holes.
  ///
  /// With a user's file among them it is treated as one: what it sets is undone.
  public func containing(_ files: [SQLFile]) -> SQLFile {
    var file = self
    file.isBuiltIn = isBuiltIn && files.allSatisfy(\.isBuiltIn)
    return file
  }

  /// The same statement, only planned (`explain`).
  public func explained() -> SQLFile {
    var file = self
    file.text = Array("explain ".utf8) + text
    return file
  }

  /// The same query as a part of a larger one: a subquery, so that it can only read.
  ///
  /// - Parameter frame: has a hole `{file}`, on its first line, so that the lines of the file stay the lines of the
  ///   statement.
  public func wrapped(in frame: SQLFragment) -> SQLFile {
    var file = self
    while let last = file.text.last, last == UInt8(ascii: ";") || last <= UInt8(ascii: " ") { file.text.removeLast() }
    file.lines = file.text.count { $0 == UInt8(ascii: "\n") } + 1
    file.frame = frame
    return file
  }

  /// - Throws: `SQLFile.Failure` when the file binds a name that has no value here, or cannot be tried at all.
  public func statement(binding values: [String: any PostgresEncodable]) throws -> Statement {
    if let problem { throw Failure(problem) }
    do {
      return try fragment.binding(values).statement()
    } catch {
      guard case .invalidStatement(let what) = error else { throw error }
      throw Failure(what)
    }
  }

  /// The query as a part of a statement of several files.
  ///
  /// The server's errors about that statement name no line of the file.
  public var fragment: SQLFragment {
    let query = SQLFragment(place, text).filling(fillings)
    guard let frame else { return query }
    // The end is on its own line: the query may end with a comment.
    return frame.filling(["file": SQLFragment(sql: "select * from ({query}\n) as file").filling(["query": query])])
  }

  /// Describes an error of the server for an operator, with the line that it is about.
  ///
  /// - Parameter statement: as it was sent. Inputs are written differently there than in the file (`$1`, not `:limit`),
  ///   but on the same lines.
  public func describe(_ error: PostgresError.ServerError, in statement: Statement) -> String {
    let line = error.position.map { position in
      let before = statement.sql.unicodeScalars.prefix(position - 1)
      return ", line \(min(lines, before.count { $0 == "\n" } + 1))"
    }
    return "\(place)\(line ?? ""): \(error.message) (SQLSTATE \(error.state.rawValue))"
      + (error.hint.map { ". \($0)" } ?? "")
  }

  /// Why a file yields no usable result; the other files are not affected.
  public struct Failure: Error, CustomStringConvertible {
    /// The reason, with the file's place and, where the server named it, the line.
    public let description: String
    /// The server's SQLSTATE, where it was the server that refused.
    public let state: SQLState?

    /// - Parameter state: the server's SQLSTATE; `nil` where this side refused the file.
    public init(_ description: String, state: SQLState? = nil) { (self.description, self.state) = (description, state) }
  }
}

extension Session {
  /// Runs a file's statement, in a transaction, so that its failure rolls back nothing else.
  ///
  /// - Parameter leavesTraces: whether temporary tables that a statement with a user's file creates stay. Then the file
  ///   may set nothing (`set_config`); otherwise what it sets ends with it.
  /// - Throws: `SQLFile.Failure` for a problem of this statement alone, including a limit that it exceeded; the
  ///   server's error when the connection is lost or the whole transaction has to be repeated.
  @discardableResult
  public func attempt(
    _ file: SQLFile, binding values: [String: any PostgresEncodable] = [:], limit: Duration? = nil,
    leavesTraces: Bool = true
  ) throws -> Rows {
    let statement = try file.statement(binding: values).limited(to: limit)
    let first = ["savepoint attempt"] + (file.timeZone.map { [Self.reading(datesIn: $0)] } ?? [])
    let last = (file.timeZone == nil ? [] : [Self.reading(datesIn: "UTC")]) + ["release savepoint attempt"]
    do {
      guard !file.isBuiltIn else { return try read([statement], after: first, before: last)[0] }
      // Not in the same pipeline: what it has set has to be undone.
      let rows = try read([statement], of: leavesTraces ? file : nil, after: first)[0]
      try pipeline((leavesTraces ? [] : ["rollback to savepoint attempt"]) + last)
      return rows
    } catch let failure as SQLFile.Failure {
      try query("rollback to savepoint attempt")
      throw failure
    } catch {
      throw try failure(of: file, statement, error)
    }
  }

  /// Checks deferred constraints at once, as COMMIT would, and leaves them deferred.
  ///
  /// A violation belongs to this file then, and can still be rolled back separately.
  ///
  /// Fails as `attempt` does.
  public func checkConstraints(after file: SQLFile, limit: Duration? = nil) throws {
    let check = Self.constraintCheck(limit: limit)
    do { try pipeline(check) } catch { throw try failure(of: file, check[1], error) }
  }

  /// The statements for that check, to be sent after those that they check.
  public static func constraintCheck(limit: Duration? = nil) -> [Statement] {
    let check: Statement = "set constraints all immediate"
    return [
      "savepoint attempt", check.limited(to: limit), "rollback to savepoint attempt", "release savepoint attempt",
    ]
  }

  private static func reading(datesIn zone: String) -> Statement { "select set_config('TimeZone', \(zone), true)" }

  /// Makes the server parse a user's file by itself, in a transaction, before it becomes a part of a larger statement.
  ///
  /// A file that closes a bracket of that statement could write.
  ///
  /// (The larger statement ensures that it only reads: it is a subquery there.) Fails as `attempt` does.
  public func parse(_ file: SQLFile, binding values: [String: any PostgresEncodable] = [:]) throws {
    if !file.isBuiltIn { _ = try describe(file, binding: values) }
  }

  /// Describes the columns that a file's statement would yield, in a transaction; fails as `attempt` does.
  public func describe(
    _ file: SQLFile, binding values: [String: any PostgresEncodable] = [:]
  ) throws -> [ColumnDescription] {
    let statement = try file.statement(binding: values)
    try query("savepoint attempt")
    do {
      let columns = try describe(statement)
      try query("release savepoint attempt")
      return columns
    } catch {
      throw try failure(of: file, statement, error)
    }
  }

  /// The failure of a file's statement alone, after its effects are rolled back.
  ///
  /// - Throws: the error itself where it concerns more than the file.
  private func failure(
    of file: SQLFile, _ statement: Statement, _ error: any Error
  ) throws -> SQLFile.Failure {
    guard case PostgresError.server(let reason) = error, !Self.concernsAll(reason.state, file) else { throw error }
    try query("rollback to savepoint attempt")
    return SQLFile.Failure(file.describe(reason, in: statement), state: reason.state)
  }

  /// Whether an error concerns more than one statement.
  private static func concernsAll(_ state: SQLState, _ file: SQLFile) -> Bool {
    // 55P03: a lock was not available now, and will be later. 53400 is a limit that the server's settings define, and
    // will be hit again.
    ["08", "40"].contains(state.errorClass) || state.rawValue.hasPrefix("57P")
      || ["25P03", "55P03"].contains(state.rawValue)
      || state.errorClass == "53" && state.rawValue != "53400" && !file.isBlamedForShortage
  }
}
