/// Which of the 16,384 shares of a cluster a key belongs to.
///
/// Source: Redis cluster specification, "Key distribution model", "Hash tags", appendix A (CRC16).
package enum KeySlot {
  package static func slot(of key: String) -> Int {
    let bytes = Array(key.utf8)
    return Int(crc16(hashTag(of: bytes) ?? bytes[...])) % count
  }

  static let count = 16_384

  /// The text between the first «{» and the first «}» after it, which alone decides the slot.
  ///
  /// `nil` for a key without one, and for `{}`.
  package static func hashTag(of key: [UInt8]) -> ArraySlice<UInt8>? {
    guard let open = key.firstIndex(of: UInt8(ascii: "{")) else { return nil }
    let rest = key[(open + 1)...]
    guard let close = rest.firstIndex(of: UInt8(ascii: "}")), close > open + 1 else { return nil }
    return rest[..<close]
  }

  /// A short number that is a hash tag of this slot.
  package static func hashTag(for slot: Int) -> String {
    for number in 0... {
      let text = String(number)
      if Int(crc16(Array(text.utf8)[...])) % count == slot { return text }
    }
    preconditionFailure("numbers reach every slot")
  }

  /// CRC-16/XMODEM, bit by bit: keys are short, and few are looked up.
  private static func crc16(_ bytes: ArraySlice<UInt8>) -> UInt16 {
    bytes.reduce(0) { crc, byte in
      (0..<8).reduce(crc ^ UInt16(byte) << 8) { crc, _ in
        crc & 0x8000 == 0 ? crc << 1 : crc << 1 ^ 0x1021
      }
    }
  }
}
