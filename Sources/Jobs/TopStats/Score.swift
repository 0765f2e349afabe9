import Postgres

/// The kind of a board's scores, by their type, and how they become what Redis stores: a double.
///
/// A board is sorted by the same number that is published, so its order is the one in which Redis returns it.
enum Score: Sendable {
  case whole, double, numeric
  /// Anything else, from its text: `stats->>'points'`, `jsonb`, and `real`, whose 0.1 stays 0.1 so.
  case text

  init(type: UInt32) {
    self =
      switch type {
      case 20, 21, 23: .whole
      case 701: .double
      case 1700: .numeric
      default: .text
      }
  }

  /// The published number of `board.score`; null where that is not a number.
  var number: SQLFragment {
    switch self {
    case .whole: SQLFragment(sql: "board.score::double precision")
    // NaN is above all numbers.
    case .double:
      SQLFragment(sql: "case when abs(board.score) <= 1.7976931348623157e308::double precision then board.score end")
    case .numeric: Self.nearest(to: "board.score")
    case .text:
      SQLFragment(sql: "case when board.score::text ~ '\(Self.decimal)' then {number} end").filling([
        "number": Self.nearest(to: "board.score::text::numeric")
      ])
    }
  }

  /// The score as a text that is the same for equal scores only; over `best`, which has the number.
  var exact: SQLFragment {
    switch self {
    case .whole, .double: SQLFragment(sql: "best.score::text")
    case .numeric: SQLFragment(sql: "trim_scale(best.score)::text")
    case .text:
      SQLFragment(
        sql: "case when best.number is null then best.score::text else trim_scale(best.score::text::numeric)::text end")
    }
  }

  /// SQL for the double that is nearest to a numeric.
  ///
  /// A value smaller than the smallest double is zero, which Postgres' own conversion refuses; one larger than the
  /// largest is null.
  private static func nearest(to value: String) -> SQLFragment {
    SQLFragment(
      sql: """
        case when abs({value}) < 4.95e-324 then 0 when abs({value}) <= 1.7976931348623157e308 then ({value})::double precision end
        """
    ).filling(["value": SQLFragment(sql: value)])
  }

  /// The texts that `numeric` reads in every version of Postgres, without words like NaN, and within its limits.
  private static let decimal = "^ *[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]{1,4})? *$"
}
