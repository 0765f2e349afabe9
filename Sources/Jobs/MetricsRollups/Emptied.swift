import JobRuntime
import Postgres

/// What to do with rollups of whole days that have no rows in their source any more.
enum OnEmptied: String, CaseIterable, Sendable {
  case keep, remove
}

/// Days that have rollups and no rows any more.
///
/// A partition was dropped or old rows were deleted without a call of `oneshot.close_raw`.
///
/// Their rollups may be all that is left of them.
struct Emptied: Sendable {
  let day: Bucket
  let rollups: Int
}

extension Recalculation {
  /// Keeps the rollups of days that have no rows any more, of those that are about to be removed.
  ///
  /// - Returns: the days.
  func keepEmptied(_ tx: borrowing Transaction) throws -> [Bucket] {
    let candidates = try tx.query(
      Statement(file: "emptied_days.sql", PackageResources.emptied_days_sql, binding: ["zone": timezone])
    ).map { Bucket(start: try $0.value("day_start"), end: try $0.value("day_end")) }
    guard let first = candidates.first, let last = candidates.last else { return [] }
    let values: [String: any PostgresEncodable] = [
      "starts": candidates.map(\.start), "ends": candidates.map(\.end), "window_start": first.start,
      "window_end": last.end,
    ]
    if candidates.count > 1 { try tx.query(CalculatedRollups.withoutPages) }
    let empty = try tx.session.attempt(source.reading(.withoutRows), binding: values, limit: calculated.limit)
      .map { try $0.value("opens", as: Timestamp.self) }
    try tx.pipeline(CalculatedRollups.planOfChoice)
    let kept = candidates.filter { Set(empty).contains($0.start) }
    if !kept.isEmpty {
      try tx.execute(
        Statement(
          file: "keep_emptied.sql", PackageResources.keep_emptied_sql,
          binding: ["starts": kept.map(\.start), "ends": kept.map(\.end)]))
    }
    return kept
  }

  /// The letters of days that a step has calculated.
  func wereEmptied(but step: Step) -> SQLFragment {
    let kept = step.kept.map { source.itemOfEmptied($0.start) }
    return SQLFragment(
      sql: """
        letter.error_kind = 'emptied' and letter.payload ->> 'source' = :source and letter.item <> all (:kept::text[])
          and letter.payload ->> 'until' > :start collate "C" and letter.payload ->> 'until' <= :end collate "C"
        """,
      ["source": source.name, "kept": kept, "start": step.span.start.rfc3339, "end": step.span.end.rfc3339])
  }
}

extension Source {
  /// Names the dead letter of a day that has rollups and no rows any more.
  func itemOfEmptied(_ day: Timestamp) -> String { "\(name) emptied \(day)" }

  /// The dead letter of a day whose rollups were kept.
  func emptied(_ day: Bucket) -> ItemFailure {
    ItemFailure(
      item: itemOfEmptied(day.start), kind: .emptied,
      message:
        "\(name) no longer has rows from \(day.start) to \(day.end), and the rollups of that day are kept. If they were deleted to keep their rollups: select oneshot.close_raw('\(name)', '\(day.end)'). If the rollups are to go: ROLLUPS_MODE=rebuild ROLLUPS_FROM=\(day.start) ROLLUPS_TO=\(day.end) ROLLUPS_ON_EMPTIED=remove",
      payload: ["source": .string(name), "until": .string(day.end.rfc3339)])
  }
}

extension Noticing {
  /// Finds the days that a run would calculate and that have rollups and no rows any more.
  func emptied(_ scopes: [Scope], _ session: borrowing Session) throws -> [Emptied] {
    var found: [Emptied] = []
    for scope in scopes {
      let values = values(scope).merging(Source.allEvents) { $1 }
        .merging(["hours_more": position.isOf(timezone) ? 0 : 1]) { $1 }
      found += try session.attempt(source.reading(.emptiedAhead), binding: values, limit: limit).map { row in
        Emptied(
          day: Bucket(start: try row.value("opens"), end: try row.value("closes")), rollups: try row.value("rollups"))
      }.filter { new in !found.contains { $0.day == new.day } }
    }
    return found.sorted { $0.day.start < $1.day.start }
  }

  /// Letters of kept days whose raw rows were closed since.
  var closedSince: SQLFragment {
    SQLFragment(
      sql: """
        letter.error_kind = 'emptied' and letter.payload ->> 'source' = :source
          and letter.payload ->> 'until' <= :raw_from collate "C"
        """, ["source": source.name, "raw_from": position.rawFrom?.rfc3339])
  }
}

extension RollupPass {
  /// The warning about days that have rollups and no rows any more, before anything is calculated.
  func remark(on emptied: [Emptied], of source: Source) -> String? {
    guard let first = emptied.first, let last = emptied.last else { return nil }
    let rollups = emptied.reduce(0) { $0 + $1.rollups }
    return
      "\(emptied.count) days of \(source.name) from \(first.day.start) to \(last.day.end) have \(rollups) hourly rollups and no longer any rows: they would be \(settings.onEmptied == .keep ? "kept" : "removed") (ROLLUPS_ON_EMPTIED)"
  }

  /// Buckets of another time zone cannot stay beside those of this one.
  ///
  /// - Throws: `JobFailure` where there are days whose rollups cannot be recalculated.
  func refuseToMix(_ emptied: [Emptied], of known: SourceState) throws {
    guard settings.onEmptied == .keep, !known.position.isOf(settings.timezone),
      let remark = remark(on: emptied, of: known.source)
    else { return }
    throw JobFailure(
      .misconfigured, "the rollups cannot be calculated for «\(settings.timezone)»: \(remark)",
      hint: "Set ROLLUPS_TIMEZONE back, or let them go: ROLLUPS_ON_EMPTIED=remove.")
  }
}
