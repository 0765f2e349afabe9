import JobRuntime
import Postgres

/// Describes what Postgres refuses: the place and the cause, and never a value.
///
/// Rows may hold what no log may show.
enum Refused {
  /// - Parameters:
  ///   - lines: how many stood before the rows.
  ///   - columns: those that are copied; none for an error of the table itself.
  /// - Returns: the same error where it is about no row.
  static func explained(
    _ error: any Error, in table: TableName, after lines: Int = 0, columns: [Target.Column] = []
  ) -> any Error {
    guard case PostgresError.server(let reason) = error else { return error }
    let place = Place(of: reason, columns)
    // A value of a type such as regclass may name what does not exist, and then the statement is not what is wrong.
    guard reason.state.mayBeOfOneRow || (place.column != nil && reason.state.errorClass == "42") else { return error }
    let column = place.column.map { ", column \($0.name)" } ?? ""
    let line = place.line.map { "line \($0 + lines)\(column): " } ?? ""
    let message = reason.message.replacing(Stage.name, with: table.text).replacing(Stage.texts, with: table.text)
    let what = what(reason.state, message, place.column?.type, reason.context)
    return JobFailure(
      .misconfigured,
      "Postgres refuses a row for \(table.text): \(line)\(what) (SQLSTATE \(reason.state.rawValue))",
      hint: columns.isEmpty
        ? "Nothing was written. Correct the rows where they come from."
        : "Nothing was written. Correct the row where it comes from"
          + (Self.ofForm.contains(reason.state.rawValue) ? "." : "; STAGE_BAD_ROWS=skip leaves such rows out."))
  }

  /// Rows with too few or too many values, and bytes that are no characters: such rows cannot be skipped.
  private static let ofForm: Set = ["22P04", "22021", "22P05"]

  /// - Parameters:
  ///   - message: the server's.
  ///   - type: the column's.
  ///   - context: the functions that it happened in.
  static func what(_ state: SQLState, _ message: String, _ type: String?, _ context: String?) -> String {
    let type = type.map { "its type \($0)" } ?? "its column's type"
    switch state.rawValue {
    case "22P02", "22007", "42P01", "42704", "42883", "42602": return "a value is not of \(type)"
    case "22003", "22008": return "a value is out of the range of \(type)"
    case "22001": return "a value is too long for \(type)"
    // What these say holds names of columns and constraints, or bytes that are no characters.
    case "22P04", "22021", "22P05", "21000": return message
    case _ where state.errorClass == "23": return message
    // A trigger's own words.
    case "P0001": return message
    default: return context == nil ? "a value is refused" : "a function of the table refuses a value"
    }
  }

  /// Where in the stream.
  private struct Place {
    var line: Int?
    var column: Target.Column?

    /// Reads the context, which stands in the server's language: «COPY oneshot_staged, line 3, column price: "x"».
    ///
    /// The number and the column's name come before the value in each.
    init(of reason: PostgresError.ServerError, _ columns: [Target.Column]) {
      guard !columns.isEmpty, let context = reason.context else { return }
      let said = context.split(separator: "\n").first { $0.contains(Stage.name) || $0.contains(Stage.texts) }
      guard let said, let start = said.firstIndex(where: { $0.isASCII && $0.isNumber }) else { return }
      let digits = said[start...].prefix { $0.isASCII && $0.isNumber }
      line = Int(digits)
      let rest = said[digits.endIndex...]
      // Without a column the row itself follows at once.
      guard !rest.hasPrefix(":") else { return }
      let named = columns.compactMap { column in
        rest.firstRange(of: " \(column.name):").map { (column, $0.lowerBound) }
      }
      column = named.min { ($0.1, $1.0.name.count) < ($1.1, $0.0.name.count) }?.0
    }
  }
}
