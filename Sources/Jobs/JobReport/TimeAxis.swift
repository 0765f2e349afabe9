import JobRuntime

/// Whole days, by UTC, up to today, cut into cells of equal length.
struct TimeAxis: Sendable, Equatable {
  let firstDay: CalendarDay
  let days: Int
  /// In seconds.
  let cell: Int

  private static let mostCells = 96
  private static let lengths = [15, 30, 60, 120, 180, 240, 360, 480, 720, 1440].map { $0 * 60 }

  /// - Parameters:
  ///   - days: how many, today included.
  ///   - now: a moment of today.
  init(days: Int, endingOn now: Timestamp) {
    firstDay = now.day + (1 - days)
    self.days = days
    cell = Self.lengths.first { days * 86_400 / $0 <= Self.mostCells } ?? 86_400
  }

  var cells: Int { days * 86_400 / cell }
  var start: Timestamp { startOfCell(0) }
  var end: Timestamp { startOfCell(cells) }

  func startOfCell(_ number: Int) -> Timestamp {
    Timestamp(seconds: Int64(firstDay.daysSince1970) * 86_400 + Int64(number) * Int64(cell))
  }

  /// Which cell a moment lies in.
  func number(of moment: Timestamp) -> Int { Int((moment - start).components.seconds) / cell }
}

extension Timestamp {
  /// The day it lies in, by UTC.
  var day: CalendarDay {
    let (quotient, rest) = microseconds.quotientAndRemainder(dividingBy: 86_400_000_000)
    return CalendarDay(daysSince1970: Int32(clamping: rest < 0 ? quotient - 1 : quotient))
  }

  /// `17:48`, by UTC.
  var timeOfDay: String { String(toTheMinute.dropFirst(11)) }

  /// `2025-11-01 17:48`, by UTC.
  var toTheMinute: String { String(rfc3339.prefix(16)).replacing("T", with: " ") }
}

extension CalendarDay {
  private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
  private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

  /// 1970-01-01 was a Thursday.
  var weekday: String { Self.weekdays[((Int(daysSince1970) + 4) % 7 + 7) % 7] }

  /// `Sat 1`.
  var shortest: String { short.split(separator: " ").prefix(2).joined(separator: " ") }

  /// `Sat 1 Nov`.
  var short: String {
    let parts = description.split(separator: "-").suffix(2).compactMap { Int($0) }
    guard parts.count == 2, Self.months.indices.contains(parts[0] - 1) else { return description }
    return "\(weekday) \(parts[1]) \(Self.months[parts[0] - 1])"
  }
}
