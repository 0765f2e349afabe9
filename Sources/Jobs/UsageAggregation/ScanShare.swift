/// A stretch of the order in which SCAN goes through the keys of one server.
///
/// Redis and Valkey keep keys in a table of 2^k buckets, a key in the one that the lowest k bits of its hash say; and SCAN
/// counts buckets with the bits of its cursor reversed (`dictScan` in dict.c, `hashtableScan` in hashtable.c). Read
/// backwards, a cursor is therefore a place on a line on which a key's place is its hash, read backwards too. A table that
/// grows divides each bucket in place, one that shrinks joins neighbours: no key's place changes. So a stretch of the line
/// has the same keys whatever the table does meanwhile, and what SCAN promises of the whole line it keeps on each
/// stretch: it starts at the bucket that the place is in, and in the smaller of two tables while there are two.
///
/// That holds for one life of one server: the hash has its own seed, drawn at each start.
struct ScanShare: Sendable, Equatable {
  /// The place of the first key, and the one after the last; `nil` for the line's end.
  private let start: UInt64
  private let end: UInt64?

  /// The share with all places.
  ///
  /// Nothing is assumed about its cursors.
  static let whole = ScanShare(start: 0, end: nil)

  /// The number of places at which shares may begin.
  ///
  /// A table must have this many buckets, so that no two shares meet in one bucket.
  static let places = 4096

  private init(start: UInt64, end: UInt64?) { (self.start, self.end) = (start, end) }

  /// - Parameter count: how many shares there are, at most `places`.
  init(_ index: Int, of count: Int) {
    func border(_ index: Int) -> UInt64 { UInt64(index * Self.places / count) << 52 }
    self.init(start: border(index), end: index + 1 < count ? border(index + 1) : nil)
  }

  /// The first cursor for SCAN.
  var firstCursor: String { String(Self.reversed(start)) }

  /// Whether a cursor that SCAN has answered is still in the share.
  func has(_ cursor: String) -> Bool {
    guard cursor != "0", let end else { return cursor != "0" }
    return UInt64(cursor).map { Self.reversed($0) < end } ?? true
  }

  /// Whether a cursor that SCAN has answered lies after the one that it was asked with.
  ///
  /// That is always true, except on a server whose cursors have another meaning.
  func isOrdered(_ cursor: String, after asked: String) -> Bool {
    if self == .whole || cursor == "0" { return true }
    guard let cursor = UInt64(cursor), let asked = UInt64(asked) else { return false }
    return Self.reversed(cursor) > Self.reversed(asked)
  }

  /// The number with its bits in the opposite order.
  private static func reversed(_ number: UInt64) -> UInt64 {
    var result = number.byteSwapped
    for (shift, mask) in [(4, 0x0F0F_0F0F_0F0F_0F0F), (2, 0x3333_3333_3333_3333), (1, 0x5555_5555_5555_5555)]
      as [(UInt64, UInt64)]
    {
      result = (result >> shift) & mask | (result & mask) << shift
    }
    return result
  }
}
