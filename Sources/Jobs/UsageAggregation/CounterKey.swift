import JobRuntime
import Redis

/// The parts of a counter's key, lent from the key's own bytes.
struct CounterKey {
  var merchant: LentBytes
  var day: CalendarDay
  var metric: LentBytes

  /// Why a key names no counter.
  enum Problem: String, Error, CaseIterable {
    case notUTF8 = "not_utf8"
    case holdsNUL = "nul"
    case missingPart = "missing_part"
    case emptyPart = "empty_part"
    case badDate = "bad_date"
    case tooLong = "too_long"

    var message: String {
      switch self {
      case .notUTF8: "the key is not UTF-8, so Postgres cannot store it; rename or delete it"
      case .holdsNUL: "the key holds a NUL, so Postgres cannot store it; rename or delete it"
      case .missingPart: "the key does not read PREFIX merchant:YYYY-MM-DD:metric; rename or delete it"
      case .emptyPart: "the key's merchant or metric is empty; rename or delete it"
      case .badDate: "the key's date is no day of the calendar in the form YYYY-MM-DD; rename or delete it"
      case .tooLong:
        "the key's merchant and metric are longer than \(CounterKey.longest) bytes together, more than an index of Postgres takes; rename or delete it"
      }
    }
  }

  /// A B-tree takes entries of 2,704 bytes; merchant, date, metric and their headers share one.
  static let longest = 2600

  /// Reads a key from the right, because a merchant id may itself hold colons.
  ///
  /// - Parameter prefix: how many bytes stand before the merchant id.
  static func parse(_ key: LentBytes, prefix: Int) -> Result<CounterKey, Problem> {
    var all: UInt8 = 0
    var hasNUL = false
    var metricColon = -1
    var dateColon = -1
    for index in prefix..<max(prefix, key.count) {
      let byte = key[index]
      all |= byte
      hasNUL = hasNUL || byte == 0
      if byte == UInt8(ascii: ":") {
        dateColon = metricColon
        metricColon = index
      }
    }
    guard !hasNUL else { return .failure(.holdsNUL) }
    // Letters of one byte only are UTF-8 already; that is nearly every key.
    guard all < 0x80 || String(validating: key, as: UTF8.self) != nil else { return .failure(.notUTF8) }
    guard dateColon >= prefix else { return .failure(.missingPart) }

    let merchant = LentBytes(rebasing: key[prefix..<dateColon])
    let metric = LentBytes(rebasing: key[(metricColon + 1)...])
    guard !merchant.isEmpty, !metric.isEmpty else { return .failure(.emptyPart) }
    guard merchant.count + metric.count <= longest else { return .failure(.tooLong) }
    guard let day = CalendarDay(utf8: LentBytes(rebasing: key[(dateColon + 1)..<metricColon])) else {
      return .failure(.badDate)
    }
    return .success(CounterKey(merchant: merchant, day: day, metric: metric))
  }
}

/// The value of a counter, as Redis' own `INCRBY` would take it.
enum CounterValue {
  enum Problem: String, Error, CaseIterable {
    case notInteger = "not_integer"
    case outOfRange = "out_of_range"
    case negative

    var message: String {
      switch self {
      case .notInteger: "the value is no whole number; set it to one or delete the key"
      case .outOfRange: "the value does not fit into 64 bits; set it to one that does or delete the key"
      case .negative: "the value is negative, which a usage counter cannot be; correct it or delete the key"
      }
    }
  }

  /// As many bytes of a value are looked at. A counter has 19 at most; the rest is for whoever reads the dead letter.
  static let longest = 128
  /// The last of these bytes, as GETRANGE counts.
  static let lastByte: StaticString = "127"

  static func parse(_ text: LentBytes) -> Result<Int64, Problem> {
    let text = LentBytes(rebasing: text.prefix(longest))
    var value: Int64 = 0
    let isNegative = text.first == UInt8(ascii: "-")
    let digits = isNegative ? LentBytes(rebasing: text.dropFirst()) : text
    // Redis takes no sign "+", no blanks and no leading zeros either.
    guard let first = digits.first, first != UInt8(ascii: "0") || (digits.count == 1 && !isNegative),
      digits.allSatisfy({ (0x30...0x39).contains($0) })
    else { return .failure(.notInteger) }
    if isNegative { return .failure(.negative) }
    for digit in digits {
      let (product, isTooLong) = value.multipliedReportingOverflow(by: 10)
      let (sum, isTooLarge) = product.addingReportingOverflow(Int64(digit - 0x30))
      guard !isTooLong, !isTooLarge else { return .failure(.outOfRange) }
      value = sum
    }
    return .success(value)
  }
}
