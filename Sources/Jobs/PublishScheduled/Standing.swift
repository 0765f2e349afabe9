import JobRuntime
import Postgres

extension Move {
  /// Has the server parse the expression of `PUBLISH_DUE_AT` by itself: one that closes a bracket of a larger statement
  /// could write there.
  func parseAlone(_ session: borrowing Session) throws {
    do { _ = try session.describe(alone()) } catch PostgresError.server(let error)
      where error.state.errorClass == "42" && error.state != .undefinedTable && !error.state.isDenied
    {
      throw JobFailure(
        .misconfigured, "PUBLISH_DUE_AT: \(error.message) (SQLSTATE \(error.state.rawValue))",
        hint: "It is one expression over a row `post` of \(table.text).")
    }
  }

  /// - Parameter row: of `footing.sql`.
  /// - Throws: for a table of another server, and for one whose ids may be of several rows.
  func checkFooting(_ row: Row) throws {
    if try row.value("is_foreign") {
      throw JobFailure(
        .misconfigured,
        "\(table.text) is a foreign table, or a part of it is: its transactions are not those of this database",
        hint: "Run the job where the posts are.")
    }
    if try row.value("has_no_key") {
      throw JobFailure(
        .misconfigured, "\(columns.id) of \(table.text) is not unique by itself: two rows would count as one post",
        hint: "Name a column in PUBLISH_COLUMNS that has a unique index on it alone, or create one.")
    }
  }

  /// The same move with the columns as they are.
  ///
  /// - Parameter row: of `standing.sql`.
  /// - Throws: for a type that does not say a moment.
  func typed(by row: Row) throws -> Move {
    let (moment, wallClock) = ("timestamp with time zone", "timestamp without time zone")
    let (due, publishedAt): (String, String) = (try row.value("due_type"), try row.value("published_at_type"))
    let name = "\(dueColumn) of \(table.text)"
    let convert =
      "alter table \(table.shown) alter \(TableName.shown(dueColumn)) type timestamptz using "
      + "\(TableName.shown(dueColumn)) at time zone 'Europe/Berlin'"
    guard due == moment else {
      if kind == .publish, isOwnExpression {
        throw JobFailure(
          .misconfigured, "PUBLISH_DUE_AT yields \(due), not \(moment)", hint: "End the expression with at time zone.")
      }
      if zone != nil, due == wallClock {
        throw JobFailure(
          .misconfigured, "\(name) already holds moments, or days, but PUBLISH_TIMEZONE is set",
          hint: "Leave PUBLISH_TIMEZONE out; make days a timestamptz.")
      }
      guard due == wallClock else {
        throw JobFailure(
          .misconfigured, "\(name) is of type \(due), which does not hold a moment", hint: "Make it timestamptz.")
      }
      throw JobFailure(
        .misconfigured, "\(name) is a time without a zone (\(due)), and no setting names the zone",
        hint: "Store the moment (\(convert)), or name the zone in PUBLISH_TIMEZONE.")
    }
    var move = self
    guard kind == .publish, let column = columns.publishedAt, publishedAt != moment else { return move }
    guard publishedAt == wallClock else {
      throw JobFailure(
        .misconfigured, "\(column) of \(table.text) is of type \(publishedAt), which does not hold a moment",
        hint: "Make it timestamptz, or leave it out of PUBLISH_COLUMNS.")
    }
    guard zone != nil else {
      throw JobFailure(
        .misconfigured,
        "\(column) of \(table.text) is a time without a zone (\(publishedAt)), and no setting names the zone",
        hint: "Make it timestamptz, name the zone in PUBLISH_TIMEZONE, or leave it out of PUBLISH_COLUMNS.")
    }
    move.isPublishedLocal = true
    return move
  }
}
