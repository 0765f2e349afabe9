import Glibc
import JobRuntime
import Postgres

/// Finds the line `\.` that ends a stream: what a producer writes once it is through, and a pipe that breaks does not.
///
/// It holds a line's beginning back while that may be the marker, and gives everything else on as it comes.
struct EndMarker {
  /// Whether the stream has ended as it should.
  private(set) var isSeen = false
  /// How many lines there were before the marker.
  private(set) var lines = 0
  /// csv: whether it is inside of quotes, where a line `\.` is data.
  private(set) var isQuoted = false
  private let isCSV: Bool
  /// Whether the next byte begins a row.
  private var isAtStart = true
  /// text: whether a backslash stands before the next byte.
  private var isEscaped = false
  private var held: [UInt8] = []

  private static let newline = UInt8(ascii: "\n")
  private static let forms: [[UInt8]] = [Array("\\.\n".utf8), Array("\\.\r\n".utf8)]

  init(_ format: CopyFormat) { isCSV = format == .csv }

  /// - Returns: what of the bytes are rows, with what was held back before.
  ///
  /// Errors: `JobFailure` for more behind the marker, and for a `\.` that a server would take for the end where it is
  /// none.
  mutating func rows(in new: [UInt8]) throws -> ArraySlice<UInt8> {
    let bytes = held.isEmpty ? new : held + new
    held = []
    var next = 0
    if !isSeen {
      let rows = try bytes.withUnsafeBytes { try pass($0) }
      guard isSeen else { return bytes[..<rows] }
      next = rows + (bytes[rows + 2] == Self.newline ? 3 : 4)
      try checkIsBlank(bytes[next...])
      return bytes[..<rows]
    }
    try checkIsBlank(bytes[next...])
    return []
  }

  /// Ends a stream that needs no marker.
  ///
  /// - Returns: what was held back, unless it is a marker whose line has no end.
  mutating func end() -> [UInt8] {
    if held.count > 1 { isSeen = true }
    return isSeen ? [] : held
  }

  /// - Returns: how many of the bytes are rows; behind them is the marker, or what may become one.
  private mutating func pass(_ bytes: UnsafeRawBufferPointer) throws -> Int {
    var newlines = Finder(Self.newline, in: bytes)
    var marks = Finder(UInt8(ascii: isCSV ? "\"" : "\\"), in: bytes)
    var index = 0
    while index < bytes.count {
      if isAtStart {
        let line = bytes[index...].prefix(4)
        if Self.forms.contains(where: { line.starts(with: $0) }) {
          isSeen = true
          return index
        }
        if Self.forms.contains(where: { $0.starts(with: line) }) {
          held = Array(line)
          return index
        }
        isAtStart = false
      }
      if isEscaped {
        isEscaped = false
        // Before 18 a server stops there, and drops all that follows.
        if bytes[index] == UInt8(ascii: ".") { throw misplaced }
        if bytes[index] == Self.newline { lines += 1 }
        index += 1
        continue
      }
      let (newline, mark) = (newlines.next(from: index), marks.next(from: index))
      index = min(newline, mark) + 1
      if newline < mark {
        lines += 1
        isAtStart = !isQuoted
      } else if mark < bytes.count {
        if isCSV { isQuoted.toggle() } else { isEscaped = true }
      }
    }
    return bytes.count
  }

  private func checkIsBlank(_ bytes: ArraySlice<UInt8>) throws {
    guard bytes.contains(where: { !" \t\r\n".utf8.contains($0) }) else { return }
    throw JobFailure(
      .misconfigured, "more data follow the line \\., which is line \(lines + 1) of the stream",
      hint: "Write the marker once, by &&, when the producer has ended.")
  }

  private var misplaced: JobFailure {
    JobFailure(
      .misconfigured,
      "line \(lines + 1) holds \\. between other characters, which servers take for the end of all rows",
      hint: "In COPY's text form a backslash in a value is written as two.")
  }
}

/// Finds where a byte comes next.
///
/// A place that is still ahead is not searched for again.
private struct Finder {
  private let byte: UInt8
  private let bytes: UnsafeRawBufferPointer
  private var found = -1

  init(_ byte: UInt8, in bytes: UnsafeRawBufferPointer) { (self.byte, self.bytes) = (byte, bytes) }

  /// - Returns: its place; behind all bytes where it comes no more.
  mutating func next(from index: Int) -> Int {
    if found >= index { return found }
    guard index < bytes.count, let start = bytes.baseAddress else { return bytes.count }
    let place = memchr(start + index, Int32(byte), bytes.count - index)
    found = place.map { UnsafeRawPointer($0) - start } ?? bytes.count
    return found
  }
}
