import Glibc

/// Finds `:name` and `{name}`, and not what only looks like them: quoted text, dollar quotes, comments, casts.
///
/// Rules: PostgreSQL manual, 4.1 "Lexical Structure". Array slices with a bare name as upper bound
/// (`a[1:n]`) read as a parameter; written with a space (`a[1: n]`) they do not.
///
/// Jobs assemble statements for each page of their work. The C library skips what lies between the characters that
/// matter; it is fast in a debug build, too.
struct SQLScanner {
  enum Piece {
    case text(Range<Int>)
    case name(String, at: Int)
    case hole(String, at: Int)
  }

  let text: [UInt8]
  /// The text with a NUL behind it, at which the C library stops.
  private let terminated: [UInt8]
  private var position = 0

  init(text: [UInt8]) {
    self.text = text
    terminated = text + [0]
  }

  private func byte(_ index: Int) -> UInt8? { index < text.count ? text[index] : nil }

  private static func isNameStart(_ byte: UInt8?) -> Bool {
    guard let byte else { return false }
    return (0x61...0x7A).contains(byte | 0x20) || byte == UInt8(ascii: "_")
  }

  private static func isNamePart(_ byte: UInt8?) -> Bool {
    guard let byte else { return false }
    return isNameStart(byte) || (0x30...0x39).contains(byte)
  }

  mutating func next() -> Piece? {
    guard position < text.count else { return nil }
    if text[position] == UInt8(ascii: ":"), Self.isNameStart(byte(position + 1)) {
      let start = position + 1
      position = start
      while Self.isNamePart(byte(position)) { position += 1 }
      return .name(String(decoding: text[start..<position], as: UTF8.self), at: start)
    }
    if let end = endOfHole {
      let start = position + 1
      position = end + 1
      return .hole(String(decoding: text[start..<end], as: UTF8.self), at: start)
    }
    let start = position
    repeat {
      skipOne()
    } while position < text.count
      && !(text[position] == UInt8(ascii: ":") && Self.isNameStart(byte(position + 1))) && endOfHole == nil
    return .text(start..<position)
  }

  /// The next word, in lower case, after spaces, comments and empty statements; `nil` where something else comes next.
  mutating func nextWord() -> String? {
    while position < text.count {
      switch (text[position], byte(position + 1)) {
      case (9...13, _), (32, _), (UInt8(ascii: ";"), _): position += 1
      case (UInt8(ascii: "-"), UInt8(ascii: "-")), (UInt8(ascii: "/"), UInt8(ascii: "*")): skipOne()
      case (let first, _):
        guard Self.isNameStart(first) else { return nil }
        let start = position
        while Self.isNamePart(byte(position)) { position += 1 }
        return String(decoding: text[start..<position], as: UTF8.self).lowercased()
      }
    }
    return nil
  }

  /// The end of the hole that begins here, if one does.
  private var endOfHole: Int? {
    guard text[position] == UInt8(ascii: "{"), Self.isNameStart(byte(position + 1)) else { return nil }
    var end = position + 1
    while Self.isNamePart(byte(end)) { end += 1 }
    return byte(end) == UInt8(ascii: "}") ? end : nil
  }

  /// Skips one character, or a whole quoted or commented stretch.
  private mutating func skipOne() {
    switch (text[position], byte(position + 1)) {
    case (UInt8(ascii: ":"), UInt8(ascii: ":")): position += 2
    case (UInt8(ascii: "-"), UInt8(ascii: "-")): skip(to: "\n")
    case (UInt8(ascii: "/"), UInt8(ascii: "*")): skipBlockComment()
    case (UInt8(ascii: "'"), _):
      let before = position > 0 ? text[position - 1] | 0x20 : 0
      let isEscaped = before == UInt8(ascii: "e") && !Self.isNamePart(position > 1 ? text[position - 2] : nil)
      skipQuoted(UInt8(ascii: "'"), backslashEscapes: isEscaped)
    case (UInt8(ascii: "\""), _): skipQuoted(UInt8(ascii: "\""), backslashEscapes: false)
    case (UInt8(ascii: "$"), _): skipDollarQuoted()
    default: skipPlain()
    }
  }

  /// Skips one character and all after it that mean nothing to `next` and `skipOne`.
  private mutating func skipPlain() {
    let next = position + 1
    position = terminated.withUnsafeBytes { bytes in
      guard next < bytes.count, let start = bytes.baseAddress?.advanced(by: next) else { return bytes.count - 1 }
      return next + strcspn(start.assumingMemoryBound(to: CChar.self), ":{-/'\"$")
    }
  }

  private mutating func skip(to end: String) {
    let end = Array(end.utf8)
    while position < text.count, !text[position...].starts(with: end) { skip(toNext: end[0]) }
    position = min(position + end.count, text.count)
  }

  /// Skips one character and all after it up to the next one of this kind.
  private mutating func skip(toNext byte: UInt8) {
    let next = position + 1
    position = text.withUnsafeBytes { bytes in
      guard next < bytes.count, let start = bytes.baseAddress?.advanced(by: next),
        let found = memchr(start, Int32(byte), bytes.count - next)
      else { return bytes.count }
      return next + (UnsafeRawPointer(found) - start)
    }
  }

  private mutating func skipBlockComment() {
    var depth = 0
    repeat {
      if text[position...].starts(with: "/*".utf8) {
        depth += 1
        position += 2
      } else if text[position...].starts(with: "*/".utf8) {
        depth -= 1
        position += 2
      } else {
        position += 1
      }
    } while depth > 0 && position < text.count
  }

  private mutating func skipQuoted(_ quote: UInt8, backslashEscapes: Bool) {
    position += 1
    while position < text.count {
      if backslashEscapes && text[position] == UInt8(ascii: "\\") {
        position += 2
      } else if text[position] != quote {
        position += 1
      } else if byte(position + 1) == quote {
        position += 2
      } else {
        break
      }
    }
    position = min(position + 1, text.count)
  }

  private mutating func skipDollarQuoted() {
    var end = position + 1
    while Self.isNamePart(byte(end)) { end += 1 }
    let isInsideName = position > 0 && Self.isNamePart(text[position - 1])
    guard !isInsideName, byte(end) == UInt8(ascii: "$"), !(0x30...0x39).contains(byte(position + 1) ?? 0) else {
      position += 1
      return
    }
    let tag = String(decoding: text[position...end], as: UTF8.self)
    position = end + 1
    skip(to: tag)
  }
}
