public import Postgres

/// A query that stands in a file: one of a job's own, or one that an operator mounted.
public struct SQLFile: Sendable {
  /// The file's name without `.sql`.
  public let name: String
  /// Where its text stands, for messages.
  public let place: String
  public private(set) var text: [UInt8]
  /// What fills the holes of a file of ours.
  private var fillings: [String: SQLFragment] = [:]
  /// The statement that the query is a part of.
  private var frame: SQLFragment?
  /// Why it cannot even be tried.
  public private(set) var problem: String?
  public let isBuiltIn: Bool
  /// Whether a full disk or too little memory is this query's own doing: so for one that reads very much at once.
  public var isBlamedForShortage = true

  /// In which time zone its dates are read; without one in UTC, as the session is set.
  public var timeZone: String?

  /// How many lines of the text are the file's; what follows them is ours.
  private var lines = Int.max

  /// A file that is embedded in the binary.
  public init(builtIn name: String, _ text: [UInt8], filling fillings: [String: SQLFragment] = [:]) {
    (self.name, place, self.text, isBuiltIn) = (name, "\(name).sql (built in)", text, true)
    self.fillings = fillings
  }

  /// Reads a file; what is wrong with it is its own problem, and no other's.
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

  /// What some editors put before a text in UTF-8.
  private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

  /// A name becomes part of keys and item names: a small alphabet, and nothing that has its own meaning there.
  private static func isName(_ text: String) -> Bool {
    let letters = Array(text.utf8)
    guard let first = letters.first, letters.count <= 63 else { return false }
    func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte) }
    return isLetter(first) && letters.allSatisfy { isLetter($0) || (0x30...0x39).contains($0) || $0 == 0x5F }
  }

  // MARK: Use

  /// The same file, for a reason not to be tried.
  public func refused(_ problem: String) -> SQLFile {
    var file = self
    file.problem = file.problem ?? problem
    return file
  }

  /// The same file of ours with fragments in its holes.
  public func filling(_ holes: [String: SQLFragment]) -> SQLFile {
    var file = self
    file.fillings.merge(holes) { $1 }
    return file
  }

  /// The same statement, planned and not carried out.
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

  private var fragment: SQLFragment {
    let query = SQLFragment(place, text).filling(fillings)
    guard let frame else { return query }
    // The end on its own line: the query may end with a comment.
    return frame.filling(["file": SQLFragment(sql: "select * from ({query}\n) as file").filling(["query": query])])
  }

  /// An error of the server in an operator's words, with the line that it is about.
  ///
  /// - Parameter statement: as it was sent. Values stand otherwise there than in the file (`$1`, not `:limit`),
  ///   but each in the same line.
  public func describe(_ error: PostgresError.ServerError, in statement: Statement) -> String {
    let line = error.position.map { position in
      let before = statement.sql.unicodeScalars.prefix(position - 1)
      return ", line \(min(lines, before.count { $0 == "\n" } + 1))"
    }
    return "\(place)\(line ?? ""): \(error.message) (SQLSTATE \(error.state.rawValue))"
      + (error.hint.map { ". \($0)" } ?? "")
  }

  /// Why a file yields nothing to use; it is the file's alone, and the others go on.
  public struct Failure: Error, CustomStringConvertible {
    public let description: String
    /// The server's SQLSTATE, where it was the server that refused.
    public let state: SQLState?

    public init(_ description: String, state: SQLState? = nil) { (self.description, self.state) = (description, state) }
  }
}

extension Session {
  /// Runs a file's statement, in a transaction, so that its failure undoes nothing but itself.
  ///
  /// - Parameter leavesTraces: whether the temporary tables stay that a statement with a user's file makes. Then the file
  ///   may set nothing (`set_config`); else what it sets ends with it.
  /// - Throws: `SQLFile.Failure` for what is wrong with this statement alone, a limit that it ran into included;
  ///   the server's error when the connection is lost or the whole has to be done again.
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
      // Not in one go: what it has set is to be undone.
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

  /// Checks deferred constraints at once, as COMMIT would, and leaves them deferred: what is wrong is this file's, and can
  /// still be rolled back by itself. Fails as `attempt` does.
  public func checkConstraints(after file: SQLFile, limit: Duration? = nil) throws {
    let check = Self.constraintCheck(limit: limit)
    do { try pipeline(check) } catch { throw try failure(of: file, check[1], error) }
  }

  /// The statements of that, to be sent behind those that they are about.
  public static func constraintCheck(limit: Duration? = nil) -> [Statement] {
    let check: Statement = "set constraints all immediate"
    return [
      "savepoint attempt", check.limited(to: limit), "rollback to savepoint attempt", "release savepoint attempt",
    ]
  }

  private static func reading(datesIn zone: String) -> Statement { "select set_config('TimeZone', \(zone), true)" }

  /// Makes the server parse a file of the user's own by itself, in a transaction, before it becomes a part of a larger
  /// statement: one that closes a bracket of that statement could write. (That it only reads, the larger statement sees to:
  /// it is a subquery there.) Fails as `attempt` does.
  public func parse(_ file: SQLFile, binding values: [String: any PostgresEncodable] = [:]) throws {
    if !file.isBuiltIn { _ = try describe(file, binding: values) }
  }

  /// Asks which columns a file's statement would yield, in a transaction; fails as `attempt` does.
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

  /// What is wrong with a file's statement alone, once its traces are gone.
  ///
  /// - Throws: the error itself where it is more than that.
  private func failure(
    of file: SQLFile, _ statement: Statement, _ error: any Error
  ) throws -> SQLFile.Failure {
    guard case PostgresError.server(let reason) = error, !Self.concernsAll(reason.state, file) else { throw error }
    try query("rollback to savepoint attempt")
    return SQLFile.Failure(file.describe(reason, in: statement), state: reason.state)
  }

  /// Whether an error is not one statement's own.
  private static func concernsAll(_ state: SQLState, _ file: SQLFile) -> Bool {
    // 55P03: a lock was not to be had, and will be. 53400 is a limit that was set, and will be the next time.
    ["08", "40"].contains(state.errorClass) || state.rawValue.hasPrefix("57P")
      || ["25P03", "55P03"].contains(state.rawValue)
      || state.errorClass == "53" && state.rawValue != "53400" && !file.isBlamedForShortage
  }
}
