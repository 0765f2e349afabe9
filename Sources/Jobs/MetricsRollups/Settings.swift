import JobRuntime
import Postgres

enum Mode: String, CaseIterable, Sendable {
  case incremental, rebuild, verify
}

/// A border of a rebuild: a day of the rollups' calendar, or a moment.
enum Border: Sendable, Equatable {
  case day(CalendarDay)
  case moment(Timestamp)

  static func parse(_ text: String) -> Environment.Parsed<Border> {
    if let day = CalendarDay(text) {
      return CalendarDay.nameable.contains(day) ? .success(.day(day)) : .failure(CalendarDay.complaint(about: text))
    }
    if let moment = Timestamp(rfc3339: text) {
      return moment.isNameable ? .success(.moment(moment)) : .failure(CalendarDay.complaint(about: text))
    }
    return .failure("is «\(text)», neither a date (2025-11-01) nor RFC 3339 (2025-11-01T02:00:00Z)")
  }

  var text: String {
    switch self {
    case .day(let day): day.description
    case .moment(let moment): moment.rfc3339
    }
  }
}

extension MetricsRollups {
  struct Settings: JobSettings {
    let mode: Mode
    /// The levels that the setting names.
    let granularities: [Granularity]
    /// Those levels and the levels below them: queued buckets of a lower level are calculated first.
    var levels: [Granularity] { Granularity.allCases.filter(Set(granularities.flatMap(\.withParts)).contains) }
    let timezone: String
    let from: Border?
    let to: Border?
    let sources: [Source]
    /// Whether only some sources were chosen.
    let hasChosenSources: Bool
    let lookback: Duration
    let keeping: Keeping
    let onEmptied: OnEmptied
    let workMemory: Int

    init(from env: inout Environment) {
      mode = env.choice(
        "ROLLUPS_MODE", default: Mode.incremental,
        help:
          "incremental does what was touched since the last run; rebuild recalculates a range from scratch; verify compares and writes nothing.",
        selects: .work)
      let all = Granularity.allCases.map(\.rawValue).joined(separator: ",")
      granularities =
        env.custom(
          "ROLLUPS_GRANULARITIES", form: "names separated by commas", default: all,
          help:
            "The levels this schedule calculates, with what is queued of their parts; other levels stay queued for the schedule that calculates them.",
          selects: .work, written: { $0.map(\.rawValue) }, parse: Self.parseGranularities) ?? Granularity.allCases
      timezone = env.timeZone(
        "ROLLUPS_TIMEZONE",
        help: "The time zone of days, weeks and months: a name such as Asia/Kolkata. Offsets are refused.")
      let form = "2025-11-01 or RFC 3339"
      from = env.custom(
        "ROLLUPS_FROM", form: form, default: nil,
        help: "Where a rebuild or a verification begins; unset, where the data begin.",
        selects: .once(as: "from", isFixed: true), written: { [$0.text] }, parse: Border.parse)
      to = env.custom(
        "ROLLUPS_TO", form: form, default: nil, help: "Where it ends; this day or moment is no longer in it.",
        selects: .once(as: "to", isFixed: true), written: { [$0.text] }, parse: Border.parse)
      let folder = env.optionalPath(
        "ROLLUPS_SOURCES_DIR",
        help: "A folder of more sources, one .sql file each, or of replacements by the same name.")
      let chosen = env.custom(
        "ROLLUPS_SOURCES", form: "names separated by commas", default: nil,
        help: "Only these sources; unset, metric_events and those of the folder.",
        parse: { .success($0.split(separator: ",").map { String($0.filter { $0 != " " }) }) })
      hasChosenSources = chosen != nil
      sources = Source.all(folder: folder, chosen: chosen, &env)
      lookback = env.duration(
        "ROLLUPS_LOOKBACK", default: .hours(48), in: .hours(1) ... .days(3660),
        help: "How far back a source without written_by is calculated again by each run.",
        selects: .work(as: "lookback"))
      keeping = Keeping(from: &env)
      onEmptied = env.choice(
        "ROLLUPS_ON_EMPTIED", default: OnEmptied.keep,
        help: "Keeps and names, or removes, rollups of whole days that have no rows in their source any more.")
      workMemory = env.int(
        "ROLLUPS_WORK_MEM", default: 128, in: 1...65_536, help: "Postgres' work_mem for the calculation, in MB.")
      if mode == .incremental, from != nil || to != nil {
        env.complain(from != nil ? "ROLLUPS_FROM" : "ROLLUPS_TO", "is for ROLLUPS_MODE=rebuild or verify")
      }
    }

    private static func parseGranularities(_ text: String) -> Environment.Parsed<[Granularity]> {
      var found: Set<Granularity> = []
      for word in text.split(separator: ",") {
        let name = String(word.filter { $0 != " " })
        guard let granularity = Granularity(rawValue: name) else {
          let all = Granularity.allCases.map(\.rawValue).joined(separator: ", ")
          return .failure("names «\(name)», which is not a level; the levels are \(all)")
        }
        found.insert(granularity)
      }
      guard !found.isEmpty else { return .failure("names no level") }
      return .success(Granularity.allCases.filter(found.contains))
    }
  }
}
