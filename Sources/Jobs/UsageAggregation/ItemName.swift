import JobRuntime
import Redis

/// How a key's bytes are shown and stored as text, so that no two keys get the same text.
enum ItemName {
  /// The separator between a hash's key and a field.
  ///
  /// `shown` never writes a single backslash before a blank.
  static let beforeField = " \\ "

  /// A longer name is no counter's; its beginning and its digest distinguish it from others.
  private static let longest = 4096

  /// How much of a name is read where names are too large to be read whole; longer than any counter's name.
  static let longestRead = 8192

  /// Valid UTF-8 unchanged; a backslash doubled; control characters and bytes that are not UTF-8 as `\xHH`.
  static func shown(_ bytes: LentBytes) -> String {
    guard bytes.count <= longest else {
      // No name yields a single backslash before this letter, so `bytes(of:)` does not decode it.
      return shown(LentBytes(rebasing: bytes.prefix(longest)))
        + "\\… (\(bytes.count) bytes, digest \(String(FNV1a.digest(bytes), radix: 16)))"
    }
    if let text = String(validating: bytes, as: UTF8.self), !bytes.contains(where: { $0 < 0x20 || $0 == 0x5C }) {
      return text
    }
    var result = ""
    var rest = bytes[...]
    while let byte = rest.first {
      let length = byte < 0x80 ? 1 : byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2
      let letter = String(validating: rest.prefix(length), as: UTF8.self)
      if let letter, letter.unicodeScalars.count == 1, byte >= 0x20 {
        result += byte == 0x5C ? "\\\\" : letter
        rest = rest.dropFirst(length)
      } else {
        result += "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
        rest = rest.dropFirst()
      }
    }
    return result
  }

  /// The same, of a key that is a text.
  static func shown(_ key: String) -> String { Array(key.utf8).withUnsafeBytes { shown($0) } }

  /// The bytes from which `shown` made a text; `nil` for a text that it never makes.
  static func bytes(of item: String) -> [UInt8]? {
    var bytes: [UInt8] = []
    var rest = Array(item.utf8)[...]
    while let byte = rest.popFirst() {
      guard byte == 0x5C else {
        bytes.append(byte)
        continue
      }
      switch rest.popFirst() {
      case 0x5C: bytes.append(0x5C)
      case UInt8(ascii: "x"):
        guard let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16), rest.count >= 2 else {
          return nil
        }
        bytes.append(value)
        rest = rest.dropFirst(2)
      default: return nil
      }
    }
    return bytes
  }
}
