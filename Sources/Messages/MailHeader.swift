/// Texts as they stand in headers of mail.
public enum MailHeader {
  /// What a mail has already, or what would give it to others.
  private static let taken: Set<String> = [
    "from", "reply-to", "to", "cc", "bcc", "subject", "date", "message-id", "mime-version", "auto-submitted",
    "content-type", "content-transfer-encoding", "list-unsubscribe", "list-unsubscribe-post",
  ]

  /// Whether a text is the name of a header that a mail may have besides its usual ones (RFC 5322, 2.2).
  public static func isName(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: ":") }
      && !taken.contains(text.lowercased())
  }

  /// The longest line of a mail, in bytes (RFC 5322, 2.1.1).
  public static let longest = 998

  /// A text of any characters: as it is where that says the same everywhere, else in encoded words (RFC 2047).
  ///
  /// A control character becomes a space: nothing in it ends the header.
  ///
  /// - Parameter name: the header's, which takes some of the first line.
  public static func text(_ text: String, after name: String) -> String {
    let clean = oneLine(text)
    let isPlain =
      clean.utf8.allSatisfy { (0x20...0x7E).contains($0) } && clean.utf8.count <= 60 && !clean.contains("=?")
    return isPlain ? clean : encodedWords(clean, after: name)
  }

  /// A name before an address, and what divides them.
  public static func phrase(_ name: String, after header: String) -> String {
    let clean = oneLine(name)
    guard clean.utf8.allSatisfy({ (0x20...0x7E).contains($0) }), clean.utf8.count <= 60, !clean.contains("=?") else {
      // A line that has an encoded word is no longer than these may be.
      return encodedWords(clean, after: header) + "\r\n "
    }
    let isAtom = clean.utf8.allSatisfy { !"()<>[]:;@\\,.\"".utf8.contains($0) }
    guard !isAtom else { return clean + " " }
    return "\"" + clean.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : "\($0)" }.joined() + "\" "
  }

  /// The text on one line: control characters and line breaks become blanks, and several blanks become one.
  public static func oneLine(_ text: String) -> String {
    let scalars = text.unicodeScalars.map { scalar -> Unicode.Scalar in
      switch scalar.properties.generalCategory {
      case .control, .lineSeparator, .paragraphSeparator: " "
      default: scalar
      }
    }
    return String(String.UnicodeScalarView(scalars)).split(separator: " ").joined(separator: " ")
  }

  /// Words of at most 75 characters, each on its own line; no character is divided between two.
  private static func encodedWords(_ text: String, after name: String) -> String {
    let (start, end) = ("=?utf-8?Q?", "?=")
    var words: [String] = []
    var word = ""
    // Lines of at most 76 characters: before the first word stands «NAME: », before all others a space.
    var room = 76 - name.count - 2
    for scalar in text.unicodeScalars {
      let encoded = String(scalar).utf8.map { byte -> String in
        switch byte {
        case UInt8(ascii: " "): "_"
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "a")...UInt8(ascii: "z"):
          String(Unicode.Scalar(byte))
        default: QuotedPrintable.escape(byte)
        }
      }.joined()
      if start.count + word.count + encoded.count + end.count > room {
        words.append(start + word + end)
        (word, room) = ("", 75)
      }
      word += encoded
    }
    if !word.isEmpty { words.append(start + word + end) }
    return words.joined(separator: "\r\n ")
  }
}

/// The encoding of bodies (RFC 2045, 6.7): lines of at most 76 characters, all of them ASCII.
enum QuotedPrintable {
  private static let digits = Array("0123456789ABCDEF".utf8)

  static func escape(_ byte: UInt8) -> String {
    String(decoding: [UInt8(ascii: "="), digits[Int(byte >> 4)], digits[Int(byte & 15)]], as: UTF8.self)
  }

  /// - Parameter text: with any line ends; without one at its end it gets one.
  static func encode(_ text: String) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(text.utf8.count + text.utf8.count / 8)
    for line in lines(Array(text.utf8)) { encode(line, into: &result) }
    return result
  }

  private static func encode(_ line: ArraySlice<UInt8>, into result: inout [UInt8]) {
    var length = 0
    for (index, byte) in zip(line.indices, line) {
      let isBlankAtEnd = (byte == 0x20 || byte == 0x09) && index == line.endIndex - 1
      let isPlain = (0x21...0x7E).contains(byte) && byte != UInt8(ascii: "=") || byte == 0x20 || byte == 0x09
      let piece =
        isPlain && !isBlankAtEnd
        ? [byte] : [UInt8(ascii: "="), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      if length + piece.count > 75 {
        result += "=\r\n".utf8
        length = 0
      }
      result += piece
      length += piece.count
    }
    result += "\r\n".utf8
  }

  /// Lines that end with CRLF, LF or CR.
  private static func lines(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
    var lines: [ArraySlice<UInt8>] = []
    var start = 0
    var place = 0
    while place < bytes.count {
      guard bytes[place] == 0x0A || bytes[place] == 0x0D else {
        place += 1
        continue
      }
      lines.append(bytes[start..<place])
      place += bytes[place] == 0x0D && place + 1 < bytes.count && bytes[place + 1] == 0x0A ? 2 : 1
      start = place
    }
    if start < bytes.count { lines.append(bytes[start...]) }
    return lines
  }
}
