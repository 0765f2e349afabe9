import JobRuntime
import Postgres

/// Takes from a stream what stands before its rows: a byte order mark, and a line of the columns' names.
struct FirstLine {
  /// How many lines it has taken.
  private(set) var lines = 0
  private let settings: StageTable.Settings
  private let columns: [String]
  private var held: [UInt8]? = []

  private static let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
  private static let word = Array("#columns ".utf8)
  private static let longest = 1 << 20

  /// - Parameter columns: those that the rows have.
  init(_ settings: StageTable.Settings, _ columns: [String]) { (self.settings, self.columns) = (settings, columns) }

  /// - Parameter isEnd: whether nothing comes any more.
  /// - Returns: what belongs to the rows.
  ///
  /// Errors: `JobFailure` where the names are others.
  mutating func rows(in bytes: [UInt8], isEnd: Bool) throws -> [UInt8] {
    guard let before = held else { return bytes }
    var all = before + bytes
    if all.starts(with: Self.mark) {
      all.removeFirst(Self.mark.count)
    } else if Self.mark.starts(with: all), !isEnd {
      held = all
      return []
    }
    let end = end(of: all)
    let isNamed = all.starts(with: Self.word)
    let mayBe = isNamed || Self.word.starts(with: all) || settings.firstLine != .rows
    if mayBe, end == nil, !isEnd, all.count < Self.longest {
      held = before + bytes
      return []
    }
    held = nil
    if end == nil, !isEnd, mayBe {
      throw JobFailure(
        .misconfigured, "the stream's first line is longer than \(ByteSize.format(Self.longest)), too long to be names",
        hint: "Check that STAGE_FIRST_LINE says what the first line is.")
    }
    guard isNamed || settings.firstLine != .rows, let end else { return all }
    var line = all[..<end]
    if line.last == UInt8(ascii: "\r") { line.removeLast() }
    // In csv a name may hold line ends.
    lines = 1 + line.count { $0 == UInt8(ascii: "\n") }
    if isNamed {
      try compare(TableName.names(in: String(decoding: line.dropFirst(Self.word.count), as: UTF8.self)))
    } else if settings.firstLine == .names {
      try compare(names(in: String(decoding: line, as: UTF8.self)))
    }
    return Array(all[(end + 1)...])
  }

  /// Where the first line ends: in csv not inside of quotes.
  private func end(of bytes: [UInt8]) -> Int? {
    var isQuoted = false
    let mayBeQuoted = settings.format == .csv && settings.firstLine != .rows
    return bytes.firstIndex { byte in
      if mayBeQuoted, byte == UInt8(ascii: "\"") { isQuoted.toggle() }
      return byte == UInt8(ascii: "\n") && !isQuoted
    }
  }

  /// The names as the format separates them; quotes around one are no part of it.
  private func names(in line: String) -> [String] {
    line.split(separator: settings.format == .csv ? "," : "\t", omittingEmptySubsequences: false).map { name in
      name.count > 1 && name.hasPrefix("\"") && name.hasSuffix("\"")
        ? String(name.dropFirst().dropLast()) : String(name)
    }
  }

  private func compare(_ names: [String]) throws {
    guard names != columns else { return }
    throw JobFailure(
      .misconfigured,
      "the stream's columns are \(names.joined(separator: ",").prefix(1000)), but the job loads \(settings.table.text) with \(columns.joined(separator: ","))",
      hint: "Put the producer's columns into this order, or name them in theirs with STAGE_COLUMNS.")
  }
}
