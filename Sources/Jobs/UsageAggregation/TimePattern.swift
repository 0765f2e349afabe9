import JobRuntime
import Redis

/// The form of the time in a key: `yyyy-MM-dd`, `yyyyMMdd`, `yyyy-MM`, `yyyy-MM-dd'T'HH`.
///
/// Its texts all have the same length.
struct TimePattern: Sendable, Equatable {
  /// The period whose usage a counter counts.
  enum Unit: String, Sendable { case hour, day, month }

  static let days = TimePattern(spelling: "yyyy-MM-dd", year: 0, month: 5, day: 8, marks: [4: "-", 7: "-"], count: 10)

  /// As it is written.
  let spelling: String
  /// How many bytes it takes.
  let count: Int
  private let year: Int
  private let month: Int
  private let day: Int?
  private let hour: Int?
  /// The characters between the numbers, by their places.
  private let marks: [Mark]

  private struct Mark: Sendable, Equatable {
    var place: Int
    var byte: UInt8
  }

  var unit: Unit { hour != nil ? .hour : day != nil ? .day : .month }

  private init(
    spelling: String, year: Int, month: Int, day: Int?, hour: Int? = nil, marks: [Int: Unicode.Scalar], count: Int
  ) {
    (self.spelling, self.year, self.month, self.day, self.hour) = (spelling, year, month, day, hour)
    self.marks = marks.sorted { $0.key < $1.key }.map { Mark(place: $0.key, byte: UInt8(ascii: $0.value)) }
    self.count = count
  }

  /// - Returns: `nil` for a text that is not such a pattern.
  init?(_ spelling: String) {
    var places: [String: Int] = [:]
    var marks: [Int: Unicode.Scalar] = [:]
    var rest = Substring(spelling).unicodeScalars
    var (count, isQuoted) = (0, false)
    while let scalar = rest.first {
      let word = ["yyyy", "MM", "dd", "HH"].first { rest.starts(with: $0.unicodeScalars) }
      if scalar == "'" {
        isQuoted.toggle()
        rest.removeFirst()
      } else if !isQuoted, let word {
        guard places.updateValue(count, forKey: word) == nil else { return nil }
        count += word.utf8.count
        rest.removeFirst(word.utf8.count)
      } else {
        guard scalar.isASCII, isQuoted || !scalar.properties.isAlphabetic else { return nil }
        marks[count] = scalar
        count += 1
        rest.removeFirst()
      }
    }
    guard !isQuoted, let year = places["yyyy"], let month = places["MM"], places["HH"] == nil || places["dd"] != nil
    else { return nil }
    self.init(
      spelling: spelling, year: year, month: month, day: places["dd"], hour: places["HH"], marks: marks, count: count)
  }

  /// Reads a time; the first day of a month where the key names no day.
  ///
  /// - Parameter bytes: `count` of them.
  func read(_ bytes: LentBytes) -> (day: CalendarDay, hour: Int?)? {
    for mark in marks where bytes[mark.place] != mark.byte { return nil }
    guard let year = Self.number(bytes, year, digits: 4), let month = Self.number(bytes, month, digits: 2),
      let number = day.map({ Self.number(bytes, $0, digits: 2) }) ?? 1,
      let date = CalendarDay(year: year, month: month, day: number)
    else { return nil }
    guard let hour else { return (date, nil) }
    guard let value = Self.number(bytes, hour, digits: 2), value < 24 else { return nil }
    return (date, Int(value))
  }

  private static func number(_ bytes: LentBytes, _ place: Int, digits: Int) -> Int32? {
    var value: Int32 = 0
    for index in place..<place + digits {
      guard (0x30...0x39).contains(bytes[index]) else { return nil }
      value = value * 10 + Int32(bytes[index] - 0x30)
    }
    return value
  }

  /// A time as keys contain it; a star for a missing hour.
  func plainText(of day: CalendarDay, hour: Int?) -> String {
    let date = day.description.utf8.map { String(UnicodeScalar($0)) }
    var pieces = [String](repeating: "", count: count)
    for mark in marks { pieces[mark.place] = String(UnicodeScalar(mark.byte)) }
    pieces.replaceSubrange(year..<year + 4, with: date[0..<4])
    pieces.replaceSubrange(month..<month + 2, with: date[5..<7])
    if let place = self.day { pieces.replaceSubrange(place..<place + 2, with: date[8..<10]) }
    if let place = self.hour { pieces[place] = hour.map { $0 < 10 ? "0\($0)" : "\($0)" } ?? "*" }
    return pieces.joined()
  }

  /// Any time, as a pattern of Redis.
  var glob: String {
    var pieces = [String](repeating: "[0-9]", count: count)
    for mark in marks { pieces[mark.place] = Glob.literal(String(UnicodeScalar(mark.byte))) }
    return pieces.joined()
  }
}
