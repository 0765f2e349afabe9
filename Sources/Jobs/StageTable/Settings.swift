import JSONReading
import JobRuntime
import Postgres

extension StageTable {
  /// What becomes of the rows that the table has.
  enum Mode: String, CaseIterable, Sendable { case replace, merge, append, window }
  /// What becomes of a row that Postgres refuses.
  enum BadRowPolicy: String, CaseIterable, Sendable { case fail, skip }
  /// What the first line is.
  enum FirstLine: String, CaseIterable, Sendable {
    case rows
    /// The names of the columns, which are compared.
    case names
    /// Something that is left out.
    case skip
  }

  struct Settings: JobSettings {
    let table: TableName
    /// In the order of the stream; `nil` for all that the table has.
    let columns: [String]?
    let mode: Mode
    let dedup: [String]
    let windowColumn: String?
    let windowLength: Duration
    /// How long before the scheduled time the window ends.
    let windowDelay: Duration
    let leastRows: Int
    /// The smallest share of the existing rows that a stream may have, from 0 to 1.
    let shrink: Double
    let format: CopyFormat
    let firstLine: FirstLine
    let badRows: BadRowPolicy
    let mostBytes: Int
    let spool: Int
    /// The program that prints the rows, and its arguments; `nil` where they come from elsewhere.
    let command: [String]?
    /// The file that holds the rows; `nil` where they come from elsewhere.
    let file: String?
    /// What the program finds in its environment.
    let environment: [String: String]

    init(from env: inout Environment) {
      table =
        env.required(
          "STAGE_TABLE", form: "schema.table", help: "The table, with its schema; it has to exist.",
          selects: .work(as: "of"), written: { [$0.text] }
        ) { text in
          TableName(text).map { .success($0) } ?? .failure("is «\(text)», not a table, with its schema or without")
        } ?? TableName(plain: "unset")
      columns = env.custom(
        "STAGE_COLUMNS", form: "names separated by commas", default: nil,
        help: "The columns in the order of the stream; unset, all that the table has, in its order.",
        selects: .work(as: "columns"), written: { $0 }, parse: Self.names)
      mode = env.choice(
        "STAGE_MODE", default: Mode.replace,
        help:
          "replace: the stream is all of the table; merge: by primary key; append: what is new by STAGE_DEDUP; window: the stream is all of a window.",
        selects: .work)
      dedup =
        env.custom(
          "STAGE_DEDUP", form: "names separated by commas", default: nil,
          help: "With append: the columns of a unique index; a row that the table has by these is left out.",
          parse: Self.names) ?? []
      windowColumn = env.custom(
        "STAGE_WINDOW_COLUMN", form: "name of a column", default: nil,
        help: "With window: the column (date, timestamp or timestamptz) that decides which rows are in the window.",
        selects: .work(as: "by"), written: { [$0] }
      ) { TableName.isName($0) ? .success($0) : .failure("is «\($0)», not a name of at most 63 bytes") }
      windowLength = env.duration(
        "STAGE_WINDOW", default: .days(1), in: .seconds(1) ... .days(3660),
        help: "With window: how long it is; it ends at the scheduled time, less STAGE_WINDOW_DELAY.",
        selects: .work(as: "window"))
      windowDelay = env.duration(
        "STAGE_WINDOW_DELAY", default: .zero, in: .zero ... .days(3660),
        help:
          "With window: how long before the scheduled time it ends: 30m for a day that is loaded at half past midnight.",
        selects: .work(as: "delay"))
      _ = env.optionalString(
        "STAGE_SOURCE",
        help: "A name for the stream, where several go into one table: each has its own slots then.",
        selects: .work(as: "from"))
      leastRows = env.int(
        "STAGE_MIN_ROWS", default: 1, in: 0...1_000_000_000, help: "Fewer rows are refused, and nothing is written.")
      shrink =
        env.custom(
          "STAGE_SHRINK", form: "share", default: "50%",
          help:
            "With replace and window: less than this share of the rows that it would replace is refused; 0% takes all."
        ) { text in
          Self.share(text).map { .success($0) } ?? .failure("is «\(text)», not a share from 0% to 100%")
        } ?? 0.5
      format = env.choice("STAGE_FORMAT", default: CopyFormat.text, help: "The form of the stream, as COPY has it.")
      firstLine = env.choice(
        "STAGE_FIRST_LINE", default: FirstLine.rows,
        help: "What the first line is: rows; the columns' names, which are compared; or something to skip.")
      badRows = env.choice(
        "STAGE_BAD_ROWS", default: BadRowPolicy.fail,
        help: "A row with a value that its column does not take ends the run, or is skipped as a dead letter.")
      mostBytes = env.size(
        "STAGE_MAX_BYTES", default: 4 << 30, in: 1...(1 << 50), help: "A longer stream is refused.")
      spool = env.size(
        "STAGE_SPOOL", default: 8 << 20, in: 0...(1 << 30),
        help: "How much of the stream is kept in memory, to begin again after a lost connection.")
      command = env.custom(
        "STAGE_COMMAND", form: "JSON array", default: nil,
        help:
          "A program that prints the rows, and its arguments, started instead of reading stdin; no shell reads them. Its exit code is the end marker."
      ) { text in
        Self.words(text).map { .success($0) } ?? .failure("is no JSON array of texts such as [\"psql\", \"-c\", \"…\"]")
      }
      file = env.optionalPath(
        "STAGE_FILE", help: "A file that holds the rows, with the end marker, read instead of stdin.")
      environment = env.forPrograms()
      env.reserveForInstallers(
        "STAGE_TABLE", "STAGE_COLUMNS", "STAGE_MODE", "STAGE_WINDOW_COLUMN", "STAGE_MIN_ROWS")
      if mode == .append, dedup.isEmpty {
        env.complain("STAGE_DEDUP", "is required for append: without it a run that is repeated would append twice")
      }
      if mode != .append, !dedup.isEmpty { env.complain("STAGE_DEDUP", "is for STAGE_MODE=append") }
      if mode == .window, windowColumn == nil { env.complain("STAGE_WINDOW_COLUMN", "is required for window") }
      if mode != .window, windowDelay != .zero { env.complain("STAGE_WINDOW_DELAY", "is for STAGE_MODE=window") }
      if command != nil, file != nil { env.complain("STAGE_FILE", "cannot be set together with STAGE_COMMAND") }
      if mode != .window, windowColumn != nil { env.complain("STAGE_WINDOW_COLUMN", "is for STAGE_MODE=window") }
    }

    private static func names(_ text: String) -> Environment.Parsed<[String]> {
      let names = TableName.names(in: text)
      guard names.allSatisfy(TableName.isName), Set(names.map(ExactName.init)).count == names.count else {
        return .failure("is «\(text)», not different names separated by commas")
      }
      return .success(names)
    }

    private static func words(_ text: String) -> [String]? {
      guard case .list(let values)? = JSONValue(json: text), !values.isEmpty else { return nil }
      let words = values.compactMap { if case .string(let word) = $0, !word.utf8.contains(0) { word } else { nil } }
      return words.count == values.count ? words : nil
    }

    private static func share(_ text: String) -> Double? {
      guard text.hasSuffix("%"), let percent = Double(text.dropLast()), (0...100).contains(percent) else { return nil }
      return percent / 100
    }

    /// The window that a run is for; `nil` in other modes.
    func window(of moment: Timestamp) -> Window? {
      guard mode == .window else { return nil }
      let end = moment - windowDelay
      return Window(start: end - windowLength, end: end)
    }
  }
}
