public import Postgres

/// Names one run: a UUID version 7 (RFC 9562), so that ids sort by the time they were made.
public struct RunID: Sendable, Hashable, CustomStringConvertible {
  /// The UUID in lower case with hyphens.
  public let description: String

  /// - Parameters:
  ///   - moment: the start of the run.
  init(at moment: Timestamp, using generator: inout some RandomNumberGenerator) {
    let milliseconds = UInt64(max(0, moment.microseconds / 1000))
    let high = milliseconds << 16 | 0x7000 | UInt64.random(in: 0...0xFFF, using: &generator)
    let low = UInt64.random(in: 0...0x3FFF_FFFF_FFFF_FFFF, using: &generator) | 0x8000_0000_0000_0000
    let digits = [high, low].map { number in
      let text = String(number, radix: 16)
      return String(repeating: "0", count: 16 - text.count) + text
    }.joined()
    var text = ""
    for (index, digit) in digits.enumerated() {
      if [8, 12, 16, 20].contains(index) { text += "-" }
      text.append(digit)
    }
    description = text
  }
}

extension RunID: PostgresEncodable {
  /// A `uuid`.
  public var postgresParameter: Parameter { Parameter(type: 2950, text: description) }
}
