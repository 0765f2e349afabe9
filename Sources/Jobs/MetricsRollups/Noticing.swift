import JobRuntime
import Postgres

/// Finds the buckets that have to be calculated again, and queues them.
struct Noticing: Sendable {
  let source: Source
  let kind: Source.Kind
  var position: Position
  let timezone: String
  /// How much time a statement may take.
  let limit: Duration

  /// Which events to look for.
  enum Scope: Sendable {
    /// The events since the position; the moment is the run's, the duration the look-back.
    case new(until: Timestamp, lookback: Duration)
    /// All of a window, on these levels; `moves` the position when nothing else is left to be noticed; `renews` the
    /// recorded text by which all of its rollups are calculated to the source's present one.
    case all(Bucket, levels: [Granularity], moves: Bool, key: String?, renews: Bool = false)
  }

  struct Found: Sendable {
    /// How many hours, and buckets of all levels, were touched.
    var hours = 0
    var buckets = 0
    var events = 0
    /// Rows without a time.
    var timeless = 0
    /// Rows, and moments of changed rows, that lie outside of every calendar.
    var outside = 0
    var changedOutside = 0
    /// Whether something has changed at an unknown moment.
    var isUnknown = false
    /// Hours whose raw events are no longer whole, and how many rows came for them.
    var late: [(hour: Timestamp, events: Int)] = []
    /// Hours whose raw events are no longer whole, and in which some were changed or deleted.
    var lateChanges: [Timestamp] = []

    /// The result of two passes after each other: the second sees what the first saw.
    func after(_ earlier: Found) -> Found {
      var both = self
      both.hours = max(both.hours, earlier.hours)
      both.buckets = max(both.buckets, earlier.buckets)
      both.timeless = max(both.timeless, earlier.timeless)
      both.outside += earlier.outside
      both.changedOutside += earlier.changedOutside
      both.late += earlier.late
      both.lateChanges += earlier.lateChanges
      return both
    }
  }

  /// Notices, queues, and moves the position, all in one statement; or only counts.
  func carryOut(_ scope: Scope, isPlan: Bool, _ session: borrowing Session) throws -> Found {
    var found = Found()
    try session.query(Self.withoutCompiler)
    for row in try session.attempt(file(scope, isPlan: isPlan), binding: values(scope), limit: limit) {
      found.hours = try row.value("hours")
      found.buckets = try row.value("buckets")
      found.events = try row.value("events")
      found.timeless = try row.value("timeless")
      found.outside = try row.value("outside")
      found.changedOutside = try row.value("changed_outside")
      found.isUnknown = try row.value("is_unknown")
      guard let hour: Timestamp = try row.optional("late_hour") else { continue }
      if let events: Int = try row.optional("late") {
        found.late.append((hour, events))
      } else {
        found.lateChanges.append(hour)
      }
    }
    return found
  }

  /// Compiling these statements takes longer than it saves.
  static let withoutCompiler: Statement = "select set_config('jit', 'off', true)"

  /// Locks the border of the raw events until the transaction of the session ends.
  func holdingBorder(_ session: borrowing Session) throws -> Noticing {
    var noticing = self
    let name = source.name
    noticing.position.rawFrom =
      try session.query("select raw_from from oneshot.rollup_positions where source = \(name) for update").first?
      .optional("raw_from")
    return noticing
  }

  /// Lists the parts of a window: whole days of the lowest level, and each bucket of the others.
  func list(
    _ window: Bucket, _ levels: [Granularity], _ session: borrowing Session
  ) throws -> [(granularity: Granularity, window: Bucket)] {
    try session.query(Self.withoutCompiler)
    let scope = Scope.all(window, levels: levels, moves: false, key: nil)
    let file = file(scope, isPlan: true, reporting: .listTouched)
    return try session.attempt(file, binding: values(scope), limit: limit).compactMap { row in
      guard let granularity = Granularity(rawValue: try row.value("granularity")) else { return nil }
      return (granularity, Bucket(start: try row.value("bucket_start"), end: try row.value("bucket_end")))
    }
  }

  private func file(_ scope: Scope, isPlan: Bool, reporting: SQLFragment = .reportTouched) -> SQLFile {
    let noticed: SQLFragment =
      switch (scope, kind) {
      case (.new, .exact): .noticedNew
      case (.all, _) where source.isOurTable: .noticedByIndex
      default: .noticedAll
      }
    return source.looking(at: noticed, isPlan: isPlan, reporting: reporting)
  }

  func values(_ scope: Scope) -> [String: any PostgresEncodable] {
    var values: [String: any PostgresEncodable] = [
      "source": source.name, "zone": timezone, "seen": position.seen, "raw_from": position.rawFrom,
      "hourly_from": position.hourlyFrom, "daily_from": position.dailyFrom,
      "weekly_from": position.weeklyFrom, "monthly_from": position.monthlyFrom, "is_exact": kind == .exact,
      "calendar_start": Bucket.allEvents.start, "calendar_end": Bucket.allEvents.end,
      "version": position.version, "is_renewed": false,
    ]
    switch scope {
    case .new(let moment, let lookback):
      let window = kind == .exact ? nil : recent(moment, lookback)
      let open = window ?? .allEvents
      // The user's file gets the same borders as with --check: finite ones, which SQL can calculate with.
      let (start, end): (any PostgresEncodable, any PostgresEncodable) =
        window == nil && source.isOurTable ? (Endless.past, Endless.future) : (open.start, open.end)
      values.merge([
        "window_start": start, "window_end": end,
        "levels": [Granularity.hourly.rawValue], "stored_from": window?.start, "stored_until": window?.end,
        "moves": true,
        "looked_until": kind == .exact ? nil : moment, "rebuilding": position.rebuilding,
      ]) { $1 }
    case .all(let window, let levels, let moves, let key, let renews):
      values.merge([
        "window_start": window.start, "window_end": window.end, "levels": levels.map(\.rawValue),
        "stored_from": window.start, "stored_until": window.end, "moves": moves,
        "looked_until": Timestamp?.none, "rebuilding": key, "is_renewed": renews,
      ]) { $1 }
    }
    return values
  }

  /// An open side of a window: rows outside of every calendar have to be seen, too.
  private enum Endless: String, PostgresEncodable {
    case past = "-infinity"
    case future = "infinity"

    var postgresParameter: Parameter { Parameter(type: 1184, text: rawValue) }
  }

  /// The look-back before the run's moment, extended by what earlier runs have missed.
  private func recent(_ moment: Timestamp, _ lookback: Duration) -> Bucket {
    guard let lookedUntil = position.lookedUntil else { return Bucket(start: Bucket.allEvents.start, end: moment) }
    return Bucket(start: min(moment, lookedUntil) - lookback, end: moment)
  }
}
