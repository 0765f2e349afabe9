import JobRuntime
import Postgres

/// The position of a source, from `oneshot.rollup_positions`.
struct Position: Sendable {
  /// Whether the source was ever read.
  var isKnown: Bool
  var timezone: String?
  /// A snapshot: what it sees has been noticed.
  var seen: String?
  /// The time up to which a source without `written_by` was read.
  var lookedUntil: Timestamp?
  /// What a rebuild that has not ended covers.
  var rebuilding: String?
  /// The times from which raw events, hours, days, weeks and months are kept whole.
  var rawFrom: Timestamp?
  var hourlyFrom: Timestamp?
  var dailyFrom: Timestamp?
  var weeklyFrom: Timestamp?
  var monthlyFrom: Timestamp?
  /// Whether the snapshot is ahead of this server: it was restored from another one.
  var isOfElsewhere: Bool
  /// Whether something is kept only from a time in the future: a wrong clock has moved that border.
  var isAhead: Bool
  /// Identifies the source's text: the beginning of its hash, or `built in`.
  var version: String
  /// The same for the text by which its rollups were calculated, where that is known.
  var calculatedBy: String?
  /// The days that begin at another time than when the rollups were calculated, once looked up
  /// (`Noticing.withZoneRules`).
  var moved: Bucket?

  init(_ row: Row) throws {
    isKnown = try row.value("is_known")
    timezone = try row.optional("timezone")
    seen = try row.optional("seen")
    lookedUntil = try row.optional("looked_until")
    rebuilding = try row.optional("rebuilding")
    rawFrom = try row.optional("raw_from")
    hourlyFrom = try row.optional("hourly_from")
    dailyFrom = try row.optional("daily_from")
    weeklyFrom = try row.optional("weekly_from")
    monthlyFrom = try row.optional("monthly_from")
    isOfElsewhere = try row.value("is_of_elsewhere")
    isAhead = try row.value("is_ahead")
    version = try row.value("version")
    calculatedBy = try row.optional("calculated_by")
  }

  /// Reads the position of each source.
  static func read(_ sources: [Source], _ session: borrowing Session) throws -> [String: Position] {
    let statement = try Statement(
      file: "positions.sql", PackageResources.positions_sql,
      binding: [
        "sources": sources.map(\.name),
        "texts": sources.map { $0.file.isBuiltIn ? nil : String(decoding: $0.file.text, as: UTF8.self) },
      ])
    var positions: [String: Position] = [:]
    for row in try session.query(statement) { positions[try row.value("source")] = try Position(row) }
    return positions
  }

  /// - Throws: `JobFailure` when an incremental run cannot continue from here.
  func check(_ source: String, timezone wanted: String) throws {
    if let timezone, !isOf(wanted) {
      throw JobFailure(
        .misconfigured,
        "ROLLUPS_TIMEZONE is «\(wanted)», and the rollups of \(source) were calculated for «\(timezone)»",
        hint:
          "Set it back, or calculate all of them for the new one: ROLLUPS_MODE=rebuild, without ROLLUPS_FROM and ROLLUPS_TO."
      )
    }
    if isOfElsewhere {
      throw JobFailure(
        .misconfigured,
        "oneshot.rollup_positions of \(source) comes from another server: it has seen transactions that this one has not had",
        hint: "After a restore, run `oneshot after-restore` once, before the schedules start again.")
    }
  }

  /// Whether all rollups have to be calculated from scratch.
  func isForeign(to timezone: String) -> Bool { isOfElsewhere || !isOf(timezone) }

  /// - Throws: `JobFailure` when even a rebuild of everything cannot continue from here.
  func checkRebuild(_ source: String, _ levels: [Granularity], timezone wanted: String) throws {
    if isForeign(to: wanted), levels.count < Granularity.allCases.count {
      throw JobFailure(
        .misconfigured,
        "the rollups of \(source) were calculated for another time zone or server: a rebuild of some levels would add up old buckets of the others",
        hint: "Leave ROLLUPS_GRANULARITIES out for this rebuild.")
    }
    guard let rawFrom, !isOf(wanted) else { return }
    throw JobFailure(
      .misconfigured,
      "ROLLUPS_TIMEZONE is «\(wanted)», but the rollups of \(source) were calculated for «\(timezone ?? "")», and raw events before \(rawFrom) are no longer there to recalculate them",
      hint: "Set it back.")
  }

  /// Whether rollups, if there are any, are those of this time zone.
  func isOf(_ wanted: String) -> Bool { timezone.map { $0.lowercased() == wanted.lowercased() } ?? true }
}
