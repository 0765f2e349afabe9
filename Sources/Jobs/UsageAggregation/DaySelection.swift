import JobRuntime

/// `USAGE_DAYS`: the days that a run is for.
struct DaySelection: Sendable, Equatable {
  /// Days of the calendar.
  var dates: [CalendarDay] = []
  /// Days counted from today: 0 is today, -1 yesterday.
  var offsets: [Int] = []

  /// No selection: every day that is not completed.
  static let open = DaySelection()

  var isOpen: Bool { dates.isEmpty && offsets.isEmpty }

  /// A range of more than a decade is a mistake.
  static let mostDays = 3660

  static func parse(_ text: String) -> Environment.Parsed<DaySelection> {
    var selection = DaySelection()
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let word = String(part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
      switch word {
      case "today": selection.offsets.append(0)
      case "yesterday": selection.offsets.append(-1)
      default:
        guard let range = range(word) else {
          return .failure(
            "holds «\(word)», which is not a day (2025-11-01), range (2025-11-01..2025-11-07), yesterday or today")
        }
        guard range.first <= range.last else { return .failure("holds «\(word)», which ends before it starts") }
        guard range.last - range.first < mostDays else {
          return .failure("holds «\(word)», more than \(mostDays) days")
        }
        selection.dates += (0...(range.last - range.first)).map { range.first + $0 }
      }
    }
    return .success(selection)
  }

  /// The selection in canonical form: days that follow one another as one range.
  var words: [String] {
    var ranges: [ClosedRange<CalendarDay>] = []
    for day in Set(dates).sorted() {
      if let last = ranges.last, last.upperBound + 1 == day {
        ranges[ranges.count - 1] = last.lowerBound...day
      } else {
        ranges.append(day...day)
      }
    }
    return Set(offsets).sorted().map { $0 == 0 ? "today" : "yesterday" }
      + ranges.map { $0.lowerBound == $0.upperBound ? "\($0.lowerBound)" : "\($0.lowerBound)..\($0.upperBound)" }
  }

  private static func range(_ word: String) -> (first: CalendarDay, last: CalendarDay)? {
    // "2025-11-01..2025-11-07": both days have ten characters.
    if let day = CalendarDay(word) { return CalendarDay.nameable.contains(day) ? (day, day) : nil }
    guard word.count == 22, word.dropFirst(10).prefix(2) == "..",
      let first = CalendarDay(String(word.prefix(10))), let last = CalendarDay(String(word.suffix(10))),
      CalendarDay.nameable.contains(first), CalendarDay.nameable.contains(last)
    else { return nil }
    return (first, last)
  }
}
