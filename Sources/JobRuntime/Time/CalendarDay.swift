public import Postgres

/// A day of the calendar, without a time zone: `2025-11-01`.
public struct CalendarDay: Sendable, Hashable, Comparable {
  /// Days since 1970-01-01; negative before it.
  public let daysSince1970: Int32

  /// - Parameter daysSince1970: any day, also one that no setting may name.
  public init(daysSince1970: Int32) { self.daysSince1970 = daysSince1970 }

  /// Orders days by the calendar.
  public static func < (left: CalendarDay, right: CalendarDay) -> Bool {
    left.daysSince1970 < right.daysSince1970
  }

  /// The day this many days later; a negative count goes back.
  public static func + (day: CalendarDay, count: Int) -> CalendarDay {
    CalendarDay(daysSince1970: day.daysSince1970 + Int32(clamping: count))
  }

  /// The number of days from the right one to the left one.
  public static func - (left: CalendarDay, right: CalendarDay) -> Int {
    Int(left.daysSince1970) - Int(right.daysSince1970)
  }

  /// Days since 2000-01-01: how Postgres stores a `date`.
  public var daysSince2000: Int32 { daysSince1970 - 10_957 }

  /// Reads `YYYY-MM-DD`, exactly; `nil` for anything else and for days that do not exist.
  public init?(_ text: String) {
    var text = text
    guard let day = text.withUTF8({ CalendarDay(utf8: UnsafeRawBufferPointer($0)) }) else { return nil }
    self = day
  }

  /// Reads `YYYY-MM-DD` from bytes.
  public init?(utf8 bytes: UnsafeRawBufferPointer) {
    guard bytes.count == 10, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-") else { return nil }
    func number(_ range: Range<Int>) -> Int32? {
      var value: Int32 = 0
      for index in range {
        guard (0x30...0x39).contains(bytes[index]) else { return nil }
        value = value * 10 + Int32(bytes[index] - 0x30)
      }
      return value
    }
    guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10) else { return nil }
    self.init(year: year, month: month, day: day)
  }

  /// A day by its three numbers; `nil` for one that does not exist.
  public init?(year: Int32, month: Int32, day: Int32) {
    guard (1...9999).contains(year), (1...12).contains(month), day >= 1, day <= Self.length(of: month, in: year) else {
      return nil
    }
    daysSince1970 = Self.days(year: year, month: month, day: day)
  }

  private static func length(of month: Int32, in year: Int32) -> Int32 {
    switch month {
    case 2: (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// Days since 1970-01-01 in the proleptic Gregorian calendar.
  ///
  /// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`.
  private static func days(year: Int32, month: Int32, day: Int32) -> Int32 {
    let year = month <= 2 ? year - 1 : year
    let era = year / 400
    let yearOfEra = year - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }
}

extension CalendarDay {
  /// The days that a setting may name.
  ///
  /// No server has data of other days, and dates that are calculated from these are still written the same way
  /// everywhere.
  public static let nameable = CalendarDay(daysSince1970: 0)...CalendarDay(daysSince1970: 2_932_531)

  /// What is wrong with a day, or with a moment of a day, outside of that range, as the rest of a sentence.
  public static func complaint(about text: String) -> String {
    "is «\(text)», outside of \(nameable.lowerBound) to \(nameable.upperBound)"
  }
}

extension CalendarDay: CustomStringConvertible {
  /// The day as `YYYY-MM-DD`.
  ///
  /// Source: as above, `civil_from_days`.
  public var description: String {
    var text: [UInt8] = []
    write(to: &text)
    return String(decoding: text, as: UTF8.self)
  }

  func write(to text: inout [UInt8]) {
    let shifted = Int64(daysSince1970) + 719_468
    let (era, dayOfEra) = shifted.flooredQuotient(by: 146_097)
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    text.append(year, digits: 4)
    text.append(UInt8(ascii: "-"))
    text.append(month, digits: 2)
    text.append(UInt8(ascii: "-"))
    text.append(day, digits: 2)
  }
}

extension [UInt8] {
  /// Appends a number with at least so many digits.
  mutating func append(_ number: Int64, digits: Int) {
    let text = String(number).utf8
    for _ in text.count..<Swift.max(digits, text.count) { append(UInt8(ascii: "0")) }
    append(contentsOf: text)
  }
}

extension CalendarDay: PostgresEncodable, PostgresDecodable {
  /// A `date`.
  public var postgresParameter: Parameter { Parameter(type: 1082, text: description) }
  /// Reads a `date` as the server writes it; `nil` for `infinity` and for years of other than four digits.
  public init?(postgresText text: String) { self.init(text) }
}
