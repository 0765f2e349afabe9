/// Text in base64 with the alphabet for URLs and without padding.
///
/// Source: RFC 4648, section 5.
func base64URL(_ text: String) -> String { base64(Array(text.utf8), "-_", padding: "") }

/// Bytes in base64.
///
/// Source: RFC 4648, section 4.
package func base64(_ bytes: [UInt8]) -> String { base64(bytes, "+/", padding: "=") }

private func base64(_ bytes: [UInt8], _ last: String, padding: String) -> String {
  let alphabet = Array(("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" + last).utf8)
  var digits: [UInt8] = []
  digits.reserveCapacity((bytes.count + 2) / 3 * 4)
  for start in stride(from: 0, to: bytes.count, by: 3) {
    let part = bytes[start..<min(start + 3, bytes.count)]
    let bits = part.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << (8 * (3 - part.count))
    for place in 0...part.count { digits.append(alphabet[Int(bits >> (18 - 6 * place)) & 63]) }
    for _ in part.count..<3 { digits += padding.utf8 }
  }
  return String(decoding: digits, as: UTF8.self)
}
