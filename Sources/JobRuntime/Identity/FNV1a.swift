/// FNV-1a with 64 bits: a digest that is the same in every process, unlike Swift's hashing.
///
/// Source: Fowler, Noll, Vo, "The FNV Non-Cryptographic Hash Algorithm".
public enum FNV1a {
  /// The digest of no bytes.
  public static let start: UInt64 = 0xCBF2_9CE4_8422_2325

  /// - Parameter digest: of the bytes before these.
  public static func digest(_ bytes: UnsafeRawBufferPointer, after digest: UInt64 = start) -> UInt64 {
    bytes.reduce(digest) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  }
}
