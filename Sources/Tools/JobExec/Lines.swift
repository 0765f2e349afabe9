import Glibc
import JobRuntime

/// One line that the program has written; of a long one the beginning.
struct Line: Sendable {
  var bytes: [UInt8]
  /// Whether there was more of it.
  var isCut: Bool

  /// How much of a line is shown, in bytes.
  private static let shown = 4096
  /// Longer than a secret: one may stand half before and half behind the place where a line is cut.
  private static let margin = 2048
  /// How much of a line is read.
  static let longest = 8192

  /// Without secrets, and no longer than the limit.
  func text(_ log: Log, atMost limit: Int = shown) -> String {
    let text = log.redacted(String(decoding: bytes, as: UTF8.self))
    let sure = isCut ? max(0, text.utf8.count - Self.margin) : text.utf8.count
    guard isCut || sure > limit else { return text }
    return String(decoding: text.utf8.prefix(min(sure, limit)), as: UTF8.self) + "…"
  }
}

/// Makes lines of what comes out of a pipe, whatever it is, in bounded memory.
struct LineReader {
  private var bytes: [UInt8] = []
  private var isCut = false

  mutating func take(_ part: UnsafeRawBufferPointer, _ give: (Line) -> Void) {
    var rest = part
    while let start = rest.baseAddress, !rest.isEmpty {
      guard let end = memchr(start, 0x0A, rest.count) else { return append(rest) }
      let count = UnsafeRawPointer(end) - start
      append(UnsafeRawBufferPointer(rebasing: rest[..<count]))
      finish(give)
      rest = UnsafeRawBufferPointer(rebasing: rest[(count + 1)...])
    }
  }

  /// Hands over the text after the last line feed, if there is any.
  mutating func end(_ give: (Line) -> Void) { if !bytes.isEmpty { finish(give) } }

  private mutating func finish(_ give: (Line) -> Void) {
    if bytes.last == 0x0D { bytes.removeLast() }
    give(Line(bytes: bytes, isCut: isCut))
    bytes.removeAll(keepingCapacity: true)
    isCut = false
  }

  private mutating func append(_ part: UnsafeRawBufferPointer) {
    let room = Line.longest - bytes.count
    if part.count > room { isCut = true }
    bytes.append(contentsOf: part.prefix(room))
  }
}
