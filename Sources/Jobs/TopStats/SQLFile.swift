import Postgres

/// The text of a statement, and the file it is known by.
struct SQLFile {
  var name: String
  var text: [UInt8]
  /// How many lines of the text are the file's; what follows them is ours.
  var lines = Int.max

  func statement(binding values: [String: any PostgresEncodable]) throws -> Statement {
    do {
      return try Statement(file: text, binding: values)
    } catch {
      guard case .invalidStatement(let what) = error else { throw error }
      throw BoardFailure("\(name), \(what)")
    }
  }

  /// An error of the server in an operator's words, with the line that it is about.
  ///
  /// - Parameter statement: as it was sent. Values stand otherwise there than in the file (`$1`, not `:limit`),
  ///   but each in the same line.
  func describe(_ error: PostgresError.ServerError, in statement: Statement) -> String {
    let place = error.position.map { position in
      let before = statement.sql.unicodeScalars.prefix(position - 1)
      return ", line \(min(lines, before.count { $0 == "\n" } + 1))"
    }
    return "\(name)\(place ?? ""): \(error.message) (SQLSTATE \(error.state.rawValue))"
      + (error.hint.map { ". \($0)" } ?? "")
  }
}

/// Why a board has no members to publish; it is the board's alone, and the others go on.
struct BoardFailure: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
