/// The id of a stream's entry: milliseconds by Redis' clock, and a number within each.
public struct StreamID: Sendable, Hashable, Comparable, CustomStringConvertible {
  public let milliseconds: UInt64
  public let number: UInt64

  public init(milliseconds: UInt64, number: UInt64 = 0) { (self.milliseconds, self.number) = (milliseconds, number) }

  public init?(_ text: String) {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 2, let milliseconds = UInt64(parts[0]), let number = UInt64(parts[1]) else { return nil }
    self.init(milliseconds: milliseconds, number: number)
  }

  /// Before every entry.
  public static let start = StreamID(milliseconds: 0)

  public static func < (left: StreamID, right: StreamID) -> Bool {
    (left.milliseconds, left.number) < (right.milliseconds, right.number)
  }

  public var description: String { "\(milliseconds)-\(number)" }
}
