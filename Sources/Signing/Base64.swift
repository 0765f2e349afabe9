/// Base64 with padding (RFC 4648, 4): of secrets and signatures, which are short.
public enum Base64 {
  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  /// Encodes bytes with padding, on one line.
  public static func encode(_ bytes: [UInt8]) -> String {
    var text: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      let number = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
      for place in 0..<4 {
        text.append(place <= group.count ? alphabet[number >> (18 - 6 * place) & 63] : UInt8(ascii: "="))
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// - Returns: `nil` for a text that is not exactly in this form, or that uses the URL-safe alphabet, which some
  ///   libraries skip.
  public static func decode(_ text: String) -> [UInt8]? {
    let digits = Array(text.utf8)
    let padding = digits.suffix(2).count { $0 == UInt8(ascii: "=") }
    guard digits.count % 4 == 0 else { return nil }
    var bytes: [UInt8] = []
    for start in stride(from: 0, to: digits.count, by: 4) {
      let isLast = start + 4 == digits.count
      var number = 0
      for (place, digit) in digits[start..<start + 4].enumerated() {
        if isLast, place >= 4 - padding {
          number <<= 6
        } else if let value = alphabet.firstIndex(of: digit) {
          number = number << 6 | value
        } else {
          return nil
        }
      }
      let group = [16, 8, 0].map { UInt8(number >> $0 & 255) }
      bytes += group.prefix(isLast ? 3 - padding : 3)
    }
    return encode(bytes) == text ? bytes : nil
  }
}
