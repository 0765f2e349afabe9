import JobRuntime
import Redis

/// The value of a counter, as Redis' own `INCRBY` would take it.
enum CounterValue {
  enum Problem: String, Error, CaseIterable {
    case notInteger = "not_integer"
    case outOfRange = "out_of_range"
    case negative

    var message: String {
      switch self {
      case .notInteger: "the value is not a whole number; set it to one or delete the key"
      case .outOfRange: "the value does not fit into 64 bits; set it to one that does or delete the key"
      case .negative: "the value is negative, which a usage counter cannot be; correct it or delete the key"
      }
    }
  }

  /// How many bytes of a value are read.
  ///
  /// A counter has 19 at most; the rest is for the reader of the dead letter.
  static let longest = 128
  /// The last of these bytes, as GETRANGE counts.
  static let lastByte: StaticString = "127"

  static func parse(_ text: LentBytes) -> Result<Int64, Problem> {
    let text = LentBytes(rebasing: text.prefix(longest))
    var value: Int64 = 0
    let isNegative = text.first == UInt8(ascii: "-")
    let digits = isNegative ? LentBytes(rebasing: text.dropFirst()) : text
    // Redis does not take a sign "+", blanks or leading zeros either.
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
