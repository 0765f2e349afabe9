/// How far `oneshot.events` is read: all rows that a snapshot sees, so transactions may commit in any order.
///
/// The table is read in passes. A pass reads the rows that its snapshot sees and the one before it does not, in the
/// order of `seq`, so that it can be interrupted anywhere.
public struct TablePosition: Sendable, Equatable, CustomStringConvertible {
  /// A snapshot of which all visible rows have been read.
  ///
  /// `nil` where no pass has ended.
  public var seen: String?
  /// A pass that has not ended.
  public var pass: Pass?

  /// One pass over the rows that are new since `seen`.
  public struct Pass: Sendable, Equatable {
    /// The snapshot up to which it reads.
    public var until: String
    /// The last row that was read.
    public var seq: Int64

    /// - Parameters:
    ///   - until: the snapshot up to which the pass reads.
    ///   - seq: the last row that was read.
    public init(until: String, seq: Int64) { (self.until, self.seq) = (until, seq) }
  }

  /// Without arguments it is the position from which everything is read.
  public init(seen: String? = nil, pass: Pass? = nil) { (self.seen, self.pass) = (seen, pass) }

  /// Reads `SEEN` or `SEEN UNTIL SEQ`, with `-` for none.
  public init?(_ text: String) {
    let words = text.split(separator: " ").map(String.init)
    guard words.count == 1 || words.count == 3 else { return nil }
    seen = words[0] == "-" ? nil : words[0]
    guard words.count == 3 else { return }
    guard let seq = Int64(words[2]) else { return nil }
    pass = Pass(until: words[1], seq: seq)
  }

  /// `SEEN` or `SEEN UNTIL SEQ`, with `-` for none: what `init(_:)` reads.
  public var description: String {
    (seen ?? "-") + (pass.map { " \($0.until) \($0.seq)" } ?? "")
  }

  /// Whether the position is ahead of the server, which was restored from another one: then the position is worthless.
  ///
  /// - Parameter snapshot: the present snapshot.
  public func isAhead(of snapshot: String) -> Bool {
    [seen, pass?.until].compactMap(\.self).contains { Self.end(of: $0) > Self.end(of: snapshot) }
  }

  /// The first transaction that had not begun when a snapshot (`xmin:xmax:running`) was taken.
  private static func end(of snapshot: String) -> UInt64 {
    let parts = snapshot.split(separator: ":", omittingEmptySubsequences: false)
    return parts.count > 1 ? UInt64(parts[1]) ?? .max : .max
  }
}
