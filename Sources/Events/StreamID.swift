/// The id of a stream's entry: milliseconds by Redis' clock, and a number within each.
public struct StreamID: Sendable, Hashable, Comparable, CustomStringConvertible {
  /// Milliseconds since 1970, by the clock of Redis.
  public let milliseconds: UInt64
  /// The number within the millisecond, from 0.
  public let number: UInt64

  /// - Parameter number: 0 is the first id of the millisecond.
  public init(milliseconds: UInt64, number: UInt64 = 0) { (self.milliseconds, self.number) = (milliseconds, number) }

  /// Reads `MILLISECONDS-NUMBER`; `nil` for anything else.
  public init?(_ text: String) {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 2, let milliseconds = UInt64(parts[0]), let number = UInt64(parts[1]) else { return nil }
    self.init(milliseconds: milliseconds, number: number)
  }

  /// Before every entry.
  public static let start = StreamID(milliseconds: 0)

  /// Orders ids as entries are stored: by milliseconds, then by number.
  public static func < (left: StreamID, right: StreamID) -> Bool {
    (left.milliseconds, left.number) < (right.milliseconds, right.number)
  }

  /// `MILLISECONDS-NUMBER`, as Redis writes it.
  public var description: String { "\(milliseconds)-\(number)" }
}
