import JobRuntime
import Postgres

/// How to count the distinct visitors of a source with a column `visitor`: separately in each bucket, because the
/// visitors of a day are not the sum of those of its hours.
struct Visitors: Sendable {
  /// A visitor as text; equal visitors have equal texts.
  private let text: SQLFragment
  /// The schema of the extension hll; `nil` where the database does not have it.
  private let hll: SQLFragment?

  /// Up to this many visitors are kept exactly.
  ///
  /// More are kept as a sketch, which takes less space from about here on.
  static let mostExact = 1000

  /// - Parameters:
  ///   - type: of the column; of a domain, the one below it.
  ///   - hll: the schema of the extension.
  init?(type: String, hll: String?) {
    guard type != Self.missing else { return nil }
    // 1.0 and 1.00 are equal.
    text = SQLFragment(sql: type == "numeric" ? "trim_scale(visitor)::text" : "visitor::text")
    self.hll = hll.map(SQLFragment.identifier)
  }

  /// The type that stands for a missing column (`types_of_source.sql`).
  private static let missing = "pg_lsn"

  /// The join that adds visitors to the calculated rollups of events.
  func join(ofEvents events: [String: SQLFragment]) -> SQLFragment {
    let seen = SQLFragment("seen_in_events.sql", PackageResources.seen_in_events_sql)
      .filling(events.merging(["visitor": text, "sketches": noSketches]) { $1 })
    // For an hour all visitors are known.
    return join(seen, counted: Self.known)
  }

  /// The same for a longer level.
  var joinOfChildren: SQLFragment {
    let seen = SQLFragment("seen_in_children.sql", PackageResources.seen_in_children_sql)
    guard let hll else {
      let sketches = SQLFragment(sql: "bool_or(visitor_sketch is not null)")
      return join(seen.filling(["sketches": sketches]), counted: Self.known)
    }
    let sketches = SQLFragment(sql: "{hll}.hll_union_agg(visitor_sketch::{hll}.hll)").filling(["hll": hll])
    let counted = SQLFragment(
      sql: "case when sketch is null then {known} else round({hll}.hll_cardinality(sketch::{hll}.hll))::bigint end")
    return join(
      seen.filling(["sketches": sketches]), counted: counted.filling(["hll": hll, "known": Self.known]))
  }

  private static let known = SQLFragment(sql: "cardinality(hashes)::bigint")

  private var noSketches: SQLFragment {
    hll.map { SQLFragment(sql: "null::{hll}.hll").filling(["hll": $0]) } ?? SQLFragment(sql: "false")
  }

  private func join(_ seen: SQLFragment, counted: SQLFragment) -> SQLFragment {
    let sketch =
      hll.map { SQLFragment("visitor_sketch.sql", PackageResources.visitor_sketch_sql).filling(["hll": $0]) }
      ?? SQLFragment(sql: "case when sketches then oneshot.hll_is_missing() end")
    return SQLFragment("visitors.sql", PackageResources.visitors_sql)
      .filling(["counted": counted, "sketch": sketch, "seen": seen])
  }

  /// The columns of rollups: of hours, of longer levels, and where there are no visitors.
  static let columnsOfHours = SQLFragment(sql: "coalesce(visitors, 0) as visitors, visitor_hashes, visitor_sketch")
  static let columnsOfChildren = SQLFragment(
    sql: """
      case when is_counted then coalesce(visitors, 0) end as visitors, case when is_counted then visitor_hashes end as visitor_hashes,
        case when is_counted then visitor_sketch end as visitor_sketch
      """)
  static let noColumns = SQLFragment(
    sql: "null::bigint as visitors, null::bigint[] as visitor_hashes, null::bytea as visitor_sketch")
}
