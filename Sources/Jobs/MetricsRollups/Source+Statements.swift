import JobRuntime
import Postgres

/// The fragments of the statements about a source.
extension SQLFragment {
  static let noticedNew = SQLFragment("noticed_new.sql", PackageResources.noticed_new_sql)
  static let noticedByIndex = SQLFragment("noticed_by_index.sql", PackageResources.noticed_by_index_sql)
  static let noticedAll = SQLFragment("noticed_all.sql", PackageResources.noticed_all_sql)
  static let touched = SQLFragment("touched.sql", PackageResources.touched_sql)
  static let queueTouched = SQLFragment("queue_touched.sql", PackageResources.queue_touched_sql)
  static let reportTouched = SQLFragment("report_touched.sql", PackageResources.report_touched_sql)
  static let listTouched = SQLFragment("list_touched.sql", PackageResources.list_touched_sql)
  static let pendingHours = SQLFragment("pending_hours.sql", PackageResources.pending_hours_sql)
  static let kindOfSource = SQLFragment("kind_of_source.sql", PackageResources.kind_of_source_sql)
  static let badRows = SQLFragment("bad_rows.sql", PackageResources.bad_rows_sql)
  static let freshFromEvents = SQLFragment("fresh_from_events.sql", PackageResources.fresh_from_events_sql)
  static let goodRows = SQLFragment("good_rows.sql", PackageResources.good_rows_sql)
  static let typesOfSource = SQLFragment("types_of_source.sql", PackageResources.types_of_source_sql)
  static let withoutRows = SQLFragment("without_rows.sql", PackageResources.without_rows_sql)
  static let emptiedAhead = SQLFragment("emptied_ahead.sql", PackageResources.emptied_ahead_sql)
  static let sumOfDoubles = SQLFragment("sum_of_doubles.sql", PackageResources.sum_of_doubles_sql)
  /// `sum`, from `sum_exact` and `rows`.
  static let nearestDouble = SQLFragment("nearest_double.sql", PackageResources.nearest_double_sql)
  static let partsOfEvents = SQLFragment("parts_of_events.sql", PackageResources.parts_of_events_sql)
  static let partsOfLevel = SQLFragment("parts_of_level.sql", PackageResources.parts_of_level_sql)
  /// The rows of `metric_rollups` that lie in some stretches.
  static let stored = SQLFragment("stored.sql", PackageResources.stored_sql)
  /// For a source whose new rows are not known.
  static let noticedNothing = SQLFragment(sql: "select null::timestamptz as first, null::timestamptz as last")
}

/// The statements that read a source.
extension Source {
  /// The statement that reads the noticed rows, finds the buckets that they touch, and reports them.
  ///
  /// - Parameters:
  ///   - noticed: the rows to read.
  ///   - isPlan: whether the buckets stay out of the queue.
  func looking(at noticed: SQLFragment, isPlan: Bool, reporting: SQLFragment = .reportTouched) -> SQLFile {
    let changed = SQLFragment(
      sql: isPlan
        ? "select occurred_at, mark from oneshot.rollup_changes where source = :source and :moves"
        : "delete from oneshot.rollup_changes where source = :source and :moves returning occurred_at, mark")
    return reading(
      SQLFragment(sql: ", noticed as ({noticed}), changed as ({changed}), {touched} {queued} {report}").filling([
        "noticed": noticed, "changed": changed, "touched": .touched, "queued": isPlan ? .empty : .queueTouched,
        "report": reporting,
      ]))
  }

  /// Hours that the next run will calculate.
  func pendingHours(noticed: SQLFragment) -> SQLFile {
    reading(
      SQLFragment(sql: ", noticed as ({noticed}) {hours}").filling(["noticed": noticed, "hours": .pendingHours]))
  }

  /// Creates the temporary table `oneshot_rollup_fresh` from a query, instead of filling one: only the former is
  /// planned in parallel, where there is one stretch.
  func fresh(of stretches: Int) -> SQLFile {
    let events =
      stretches == 1
      ? "(select * from event where occurred_at >= :window_start and occurred_at < :window_end) as event"
      : """
      unnest(:starts::timestamptz[], :ends::timestamptz[], :origins::timestamptz[]) as stretch (opens, closes, origin)
        -- "offset 0" keeps it from being flattened: each stretch is looked up by the index, and not compared with every
        -- row.
        cross join lateral (
          select * from event where occurred_at >= stretch.opens and occurred_at < stretch.closes offset 0) as event
      """
    let rows = [
      "day_start": SQLFragment(sql: stretches == 1 ? ":day_start::timestamptz" : "stretch.origin"),
      "events": SQLFragment(sql: events), "good": .goodRows,
    ]
    return reading(
      SQLFragment.freshFromEvents.filling(rows).filling([
        "sum_exact": number.sum, "value": number.value, "sum": .nearestDouble,
        "visitor_columns": visitors == nil ? Visitors.noColumns : Visitors.columnsOfHours,
        "visitors": visitors?.join(ofEvents: rows) ?? .empty,
      ]), by: SQLFragment(sql: "create temporary table oneshot_rollup_fresh on commit drop as "))
  }
  /// Creates the same table for a longer level, from the level below.
  var freshFromChildren: SQLFile {
    var file = SQLFile(
      builtIn: "fresh_from_children", PackageResources.fresh_from_children_sql,
      filling: [
        "sum": .nearestDouble,
        "visitor_columns": visitors == nil ? Visitors.noColumns : Visitors.columnsOfChildren,
        "visitors": visitors?.joinOfChildren ?? .empty,
      ])
    file.isBlamedForShortage = false
    return file
  }
}
