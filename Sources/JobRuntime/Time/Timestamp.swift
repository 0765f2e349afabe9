public import Postgres
import Redis

/// A moment, in microseconds since 1970-01-01T00:00:00Z: what Postgres' `timestamptz` can hold.
public struct Timestamp: Sendable, Hashable, Comparable {
  /// Microseconds since 1970-01-01T00:00:00Z; negative before it.
  public var microseconds: Int64

  /// - Parameter microseconds: since 1970-01-01T00:00:00Z.
  public init(microseconds: Int64) { self.microseconds = microseconds }

  /// - Parameter seconds: since 1970-01-01T00:00:00Z.
  public init(seconds: Int64) { microseconds = seconds * 1_000_000 }

  /// Orders moments by time, earlier first.
  public static func < (left: Timestamp, right: Timestamp) -> Bool { left.microseconds < right.microseconds }

  /// The moment this much later; parts of a microsecond are dropped.
  public static func + (moment: Timestamp, length: Duration) -> Timestamp {
    Timestamp(microseconds: moment.microseconds + length.inMicroseconds)
  }

  /// The moment this much earlier; parts of a microsecond are dropped.
  public static func - (moment: Timestamp, length: Duration) -> Timestamp {
    Timestamp(microseconds: moment.microseconds - length.inMicroseconds)
  }

  /// How much later the left moment is; negative where it is earlier.
  public static func - (left: Timestamp, right: Timestamp) -> Duration {
    .microseconds(left.microseconds - right.microseconds)
  }
}

extension Timestamp {
  /// Reads RFC 3339, for example `2025-11-01T02:00:00Z` or `2025-11-01T03:00:00.5+01:00`.
  ///
  /// A leap second (`:60`) is read as the first second of the next minute.
  public init?(rfc3339 text: String) {
    let letters = Array(text.utf8)
    func number(_ range: Range<Int>) -> Int? {
      guard range.upperBound <= letters.count, letters[range].allSatisfy({ (0x30...0x39).contains($0) }) else {
        return nil
      }
      return letters[range].reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }
    func isLetter(_ index: Int, _ wanted: String) -> Bool {
      index < letters.count && wanted.utf8.contains(letters[index])
    }
    guard letters.count >= 20, let day = CalendarDay(String(text.prefix(10))), isLetter(10, "Tt "),
      let hour = number(11..<13), hour < 24, isLetter(13, ":"),
      let minute = number(14..<16), minute < 60, isLetter(16, ":"),
      let second = number(17..<19), second <= 60
    else { return nil }

    var position = 19
    var fraction: Int64 = 0
    if isLetter(position, ".") {
      position += 1
      let start = position
      while position < letters.count, (0x30...0x39).contains(letters[position]) {
        // Microseconds are kept; finer digits are ignored.
        if position - start < 6 { fraction = fraction * 10 + Int64(letters[position] - 0x30) }
        position += 1
      }
      guard position > start else { return nil }
      for _ in min(position - start, 6)..<6 { fraction *= 10 }
    }

    var offset = 0
    if isLetter(position, "Zz") {
      guard letters.count == position + 1 else { return nil }
    } else {
      guard letters.count == position + 6, isLetter(position, "+-"), isLetter(position + 3, ":"),
        let hours = number(position + 1..<position + 3), hours < 24,
        let minutes = number(position + 4..<position + 6), minutes < 60
      else { return nil }
      offset = (hours * 3600 + minutes * 60) * (letters[position] == UInt8(ascii: "-") ? -1 : 1)
    }
    let seconds = Int64(day.daysSince1970) * 86_400 + Int64(hour * 3600 + minute * 60 + second - offset)
    self.init(microseconds: seconds * 1_000_000 + fraction)
  }

  /// RFC 3339 in UTC, with as many digits after the second as are needed (none or six).
  public var rfc3339: String {
    let (seconds, fraction) = microseconds.flooredQuotient(by: 1_000_000)
    let (days, inDay) = seconds.flooredQuotient(by: 86_400)
    var text: [UInt8] = []
    text.reserveCapacity(27)
    CalendarDay(daysSince1970: Int32(clamping: days)).write(to: &text)
    text.append(UInt8(ascii: "T"))
    text.append(inDay / 3600, digits: 2)
    text.append(UInt8(ascii: ":"))
    text.append(inDay / 60 % 60, digits: 2)
    text.append(UInt8(ascii: ":"))
    text.append(inDay % 60, digits: 2)
    if fraction != 0 {
      text.append(UInt8(ascii: "."))
      text.append(fraction, digits: 6)
    }
    text.append(UInt8(ascii: "Z"))
    return String(decoding: text, as: UTF8.self)
  }
}

extension Timestamp {
  /// Reads what Redis answers to `TIME`: seconds and microseconds; `nil` for anything else.
  init?(redisTime answer: RedisValue) {
    let numbers = answer.elements.compactMap { $0.text.flatMap { Int64($0) } }
    guard numbers.count == 2, numbers.allSatisfy({ (0...1_000_000_000_000).contains($0) }) else { return nil }
    self.init(microseconds: numbers[0] * 1_000_000 + numbers[1])
  }
}

extension Timestamp {
  /// Whether its day is one that a setting may name (`CalendarDay.nameable`).
  public var isNameable: Bool {
    let days = CalendarDay.nameable
    return (Int64(days.lowerBound.daysSince1970)...Int64(days.upperBound.daysSince1970))
      .contains(microseconds.flooredQuotient(by: 86_400_000_000).quotient)
  }
}

extension Timestamp: CustomStringConvertible {
  /// The moment as RFC 3339 writes it, in UTC.
  public var description: String { rfc3339 }
}

extension Timestamp: PostgresEncodable, PostgresDecodable {
  /// A `timestamptz`.
  public var postgresParameter: Parameter { Parameter(type: 1184, text: rfc3339) }

  /// The session's settings make the server write `2025-11-01 02:00:00.5+00`; in another zone than UTC `…+05:30`, and of
  /// times before there were zones `…+00:53:28`.
  public init?(postgresText text: String) {
    var text = text
    if let moment = text.withUTF8({ Timestamp(secondInUTC: UnsafeRawBufferPointer($0)) }) {
      self = moment
      return
    }
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    switch parts.count {
    case 3: self.init(rfc3339: text + ":00")
    case 4: self.init(rfc3339: text)
    case 5:
      guard let minutes = Timestamp(rfc3339: parts[..<4].joined(separator: ":")), let seconds = Int(parts[4]) else {
        return nil
      }
      self = parts[2].contains("-") ? minutes + .seconds(seconds) : minutes - .seconds(seconds)
    default: return nil
    }
  }
}

extension Timestamp {
  /// Reads `2025-11-01 02:00:00+00`, the form of most moments that a job reads by the thousand; `nil` for anything
  /// else.
  fileprivate init?(secondInUTC bytes: UnsafeRawBufferPointer) {
    func two(_ index: Int, below limit: UInt8) -> Int64? {
      let (tens, ones) = (bytes[index] &- 0x30, bytes[index + 1] &- 0x30)
      guard tens < 10, ones < 10, tens * 10 + ones < limit else { return nil }
      return Int64(tens * 10 + ones)
    }
    guard bytes.count == 22, bytes[10] == UInt8(ascii: " "), bytes[13] == UInt8(ascii: ":"),
      bytes[16] == UInt8(ascii: ":"), bytes[19...].elementsEqual("+00".utf8),
      let day = CalendarDay(utf8: UnsafeRawBufferPointer(rebasing: bytes[..<10])),
      let hour = two(11, below: 24), let minute = two(14, below: 60), let second = two(17, below: 60)
    else { return nil }
    self.init(seconds: Int64(day.daysSince1970) * 86_400 + hour * 3600 + minute * 60 + second)
  }
}

extension Int64 {
  /// Quotient and remainder, the remainder never negative (the standard library's can be).
  func flooredQuotient(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }
}

extension Duration {
  /// Minutes of 60 seconds.
  public static func minutes(_ count: Int) -> Duration { .seconds(count * 60) }
  /// Hours of 3600 seconds.
  public static func hours(_ count: Int) -> Duration { .seconds(count * 3600) }
  /// Days of 24 hours, whatever a time zone does to them.
  public static func days(_ count: Int) -> Duration { .seconds(count * 86_400) }

  /// Whole microseconds; finer parts are dropped.
  public var inMicroseconds: Int64 {
    components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000
  }

  /// Whole milliseconds; finer parts are dropped.
  public var inMilliseconds: Int64 { inMicroseconds / 1000 }
}
