import JobRuntime
import Redis

/// The parts of a counter's key, lent from the key's own bytes; see `KeyFormat.parse`.
struct CounterKey {
  var merchant: LentBytes
  /// The first day of a month where the key names no day.
  var day: CalendarDay
  /// The hour of the day, where the key names one.
  var hour: Int?
  var metric: LentBytes

  /// Why a key is not that of a counter.
  enum Problem: String, Error, CaseIterable {
    case notUTF8 = "not_utf8"
    case holdsNUL = "nul"
    case missingPart = "missing_part"
    case emptyPart = "empty_part"
    case badDate = "bad_date"
    case tooLong = "too_long"

    func message(of format: KeyFormat) -> String {
      switch self {
      case .notUTF8: "the key is not UTF-8, so Postgres cannot store it; \(Self.remedy)"
      case .holdsNUL: "the key holds a NUL, so Postgres cannot store it; \(Self.remedy)"
      case .missingPart: "the key is not of the form \(format.text); \(Self.remedy)"
      case .emptyPart: "the key's merchant or metric is empty; \(Self.remedy)"
      case .badDate:
        "the key's time does not exist in the calendar, in the form \(format.time.spelling); \(Self.remedy)"
      case .tooLong:
        "the key's merchant and metric are longer than \(CounterKey.longest) bytes together, more than an index of Postgres takes; \(Self.remedy)"
      }
    }

    private static let remedy = "rename or delete it, or leave it out with USAGE_IGNORE"
  }

  /// A B-tree takes entries of 2,704 bytes; merchant, date, metric and their headers share one.
  static let longest = 2600
}
