import JobRuntime
import Postgres

extension PublishScheduled {
  /// What is due by when.
  enum Until: String, CaseIterable, Sendable { case moment, start }
  /// What `published_at` says.
  enum PublishedAt: String, CaseIterable, Sendable { case due, actual }

  struct Settings: JobSettings {
    let tables: [TableName]
    let columns: Columns
    let from: String
    let to: String
    let unpublish: (column: String, state: String)?
    let dueAt: String?
    let zone: String?
    let until: Until
    let batch: Int
    let late: Duration
    let tooLate: Duration?
    let publishedAt: PublishedAt
    let guardFile: SQLFile?
    let giveUp: Int
    let channel: String?

    init(from env: inout Environment) {
      tables =
        env.custom(
          "PUBLISH_TABLE", form: "tables separated by commas", default: "posts",
          help: "The posts' table, with its schema where search_path does not find it; or several, in this order.",
          selects: .work(as: "of"), written: { Selection.asSet($0.map(\.text)) }, parse: Self.parseTables)
        ?? [TableName("posts")].compactMap(\.self)
      columns =
        env.custom(
          "PUBLISH_COLUMNS", form: "names separated by commas", default: "id,status,publish_at,published_at",
          help: "The columns, in this order; without the last the time of publication is not kept.",
          selects: .work(as: "columns"), written: { $0.names }, parse: Columns.parse)
        ?? Columns(id: "id", status: "status", publishAt: "publish_at", publishedAt: "published_at")
      from = env.string(
        "PUBLISH_FROM", default: "scheduled", help: "State of posts that wait for their time.",
        selects: .work(as: "from"))
      to = env.string("PUBLISH_TO", default: "published", help: "State of published posts.")
      unpublish = env.custom(
        "PUBLISH_UNPUBLISH", form: "COLUMN:STATE", default: nil,
        help: "Unpublishes posts whose time in this column has come, by this state: unpublish_at:archived.",
        selects: .work(as: "unpublish"), written: { [$0.column, $0.state] }, parse: Self.parseUnpublish)
      dueAt = env.optionalString(
        "PUBLISH_DUE_AT",
        help: "SQL that yields the moment instead of the third column, such as publish_at at time zone zone.",
        selects: .work(as: "due"))
      zone = env.optionalTimeZone(
        "PUBLISH_TIMEZONE", help: "The time zone of columns without one (timestamp); unset, such columns are refused."
      )
      until = env.choice(
        "PUBLISH_UNTIL", default: Until.moment,
        help: "Whether posts are due by the scheduled time of the run, or by its start.")
      batch = env.int("PUBLISH_BATCH", default: 100, in: 1...10_000, help: "Posts in one transaction.")
      late = env.duration(
        "PUBLISH_LATE", default: .minutes(5), help: "Posts that are published later than this count as late.")
      tooLate = env.optionalDuration(
        "PUBLISH_TOO_LATE", in: .seconds(1) ... .days(36_525),
        help: "Posts that are later than this get the state missed instead of being published.")
      publishedAt = env.choice(
        "PUBLISH_PUBLISHED_AT", default: PublishedAt.due,
        help: "Which time of publication is stored: the planned or the actual one.")
      guardFile = env.optionalPath(
        "PUBLISH_GUARD", help: "An .sql file that yields id and reason of posts that must not be published."
      ).map(SQLFile.init(path:))
      giveUp = env.int(
        "PUBLISH_GIVE_UP", default: 5, in: 0...1000,
        help: "A post that is refused in this many runs gets the state failed; 0 tries it for ever.")
      channel = env.custom(
        "PUBLISH_NOTIFY", form: "name of a channel", default: nil,
        help: "NOTIFY on this channel in the transaction of the events: oneshot_outbox."
      ) { TableName.isName($0) ? .success($0) : .failure("is «\($0)», not a name of at most 63 bytes") }
      env.reserveForInstallers(
        "PUBLISH_TABLE", "PUBLISH_COLUMNS", "PUBLISH_FROM", "PUBLISH_UNPUBLISH", "PUBLISH_DUE_AT")
      if from == to { env.complain("PUBLISH_TO", "is «\(to)», the same as PUBLISH_FROM") }
      if let unpublish, columns.names.contains(unpublish.column) {
        env.complain("PUBLISH_UNPUBLISH", "names the column «\(unpublish.column)», which PUBLISH_COLUMNS names, too")
      }
      if let unpublish, [from, to].contains(unpublish.state) {
        env.complain("PUBLISH_UNPUBLISH", "names the state «\(unpublish.state)», which is PUBLISH_FROM or PUBLISH_TO")
      }
      if tooLate != nil, from == Move.missed {
        env.complain("PUBLISH_FROM", "is «\(from)», the state of posts that are too late")
      }
      if giveUp > 0, from == Move.failed {
        env.complain("PUBLISH_FROM", "is «\(from)», the state of posts that are given up")
      }
      if dueAt != nil, zone != nil, unpublish == nil {
        env.complain("PUBLISH_TIMEZONE", "applies to no column: PUBLISH_DUE_AT yields the moment by itself")
      }
      if dueAt?.utf8.contains(0) == true { env.complain("PUBLISH_DUE_AT", "holds a NUL") }
    }

    private static func parseTables(_ text: String) -> Environment.Parsed<[TableName]> {
      let names = TableName.names(in: text)
      let tables = names.compactMap(TableName.init)
      guard tables.count == names.count, Set(names.map(ExactName.init)).count == names.count else {
        return .failure("is «\(text)», not different tables separated by commas, each with its schema or without")
      }
      return .success(tables)
    }

    private static func parseUnpublish(_ text: String) -> Environment.Parsed<(column: String, state: String)> {
      let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
      guard parts.count == 2, TableName.isName(parts[0]) else {
        return .failure("is «\(text)», not a column and a state such as unpublish_at:archived")
      }
      return .success((parts[0], parts[1]))
    }

    // MARK: What is done

    func publishing(_ table: TableName) -> Move {
      let due = dueAt.map { SQLFragment("PUBLISH_DUE_AT", Array("(\($0)\n)".utf8)) } ?? moment(columns.publishAt)
      var move = Move(
        kind: .publish, table: table, columns: columns, from: from, to: to, dueColumn: columns.publishAt, due: due)
      move.isOwnExpression = dueAt != nil
      move.published = SQLFragment(sql: publishedAt == .due ? "due.oneshot_due" : "now()")
      move.zone = zone
      return move
    }

    func unpublishing(_ table: TableName) -> Move? {
      guard let unpublish else { return nil }
      var move = Move(
        kind: .unpublish, table: table, columns: columns, from: to, to: unpublish.state, dueColumn: unpublish.column,
        due: moment(unpublish.column))
      move.zone = zone
      return move
    }

    /// A column as a moment.
    private func moment(_ column: String) -> SQLFragment {
      SQLFragment(sql: zone == nil ? "post.{column}" : "(post.{column} at time zone :zone::text)")
        .filling(["column": .identifier(column)])
    }

    /// - Parameter clock: Postgres'. Nothing is published before it is there, whatever moment a run is for.
    func moments(_ run: JobRun, by clock: Timestamp? = nil) -> Moments {
      let clock = clock ?? max(run.startedAt, run.scheduledAt)
      // By the time at which it runs: a post that is no longer wanted then is not published because the run is for an
      // earlier moment.
      return Moments(
        until: min(clock, until == .start ? run.startedAt : run.scheduledAt),
        tooLate: tooLate.map { min(clock, run.startedAt) - $0 })
    }

    /// The states that a move's posts are in, before and after.
    func states(of move: Move) -> [String] {
      [move.from, move.to] + (move.kind == .publish && tooLate != nil ? [move.holding.to] : [])
    }

    // MARK: Dead letters

    /// What a dead letter says of its post, besides when it is due.
    func letter(of id: String, in table: TableName, _ more: KeyValuePairs<String, JSON> = [:]) -> JSON {
      JSON(
        members: [
          ("table", .string(table.text)), ("id", .string(id)), ("column", .string(columns.status)),
          ("from", .string(from)),
        ] + more.map { ($0.key, $0.value) })
    }

    /// Those of a table's posts as these settings have them, over `letter`.
    func letters(of table: TableName) -> SQLFragment {
      SQLFragment(
        sql: """
          (letter.payload ->> 'table', letter.payload ->> 'column', letter.payload ->> 'from')
            = (:table_name, :status_column, :from)
          """,
        ["table_name": table.text, "status_column": columns.status, "from": from])
    }
  }
}
