import JobRuntime
import Operations
import Postgres

/// `oneshot dead-letters show JOB ITEM`: everything about one item that failed.
struct ShowDeadLetter: Command {
  static let name = "dead-letters show"
  static let summary = "show everything about one item that failed, and what was done with it"

  private let instance: String?
  private let server: String?
  private let job: String
  private let item: String
  private let isJSON: Bool

  init(from arguments: inout Arguments, _ env: inout Environment) {
    isJSON = arguments.flag("json", help: "one JSON object; an array where several ids begin so")
    instance = instanceOption(from: &arguments, &env, help: "only a letter of this installation")
    server = arguments.optionalText(
      "redis", .text("ADDRESS"), help: "only a letter whose data are in this Redis, as it is shown here")
    job = arguments.operand(.job, help: "the letter's job")
    item = arguments.operand(
      .text("ITEM"), help: "the item, or its id; put -- before one that begins with a dash")
  }

  func run(_ console: Console, on servers: DatabaseServer) async throws -> Int32 {
    try await withLedger(servers.database, console) { database in
      guard
        let found = try await Self.find(
          item, of: job, instance: instance, server: server, in: database, console, isJSON: isJSON)
      else { return 1 }
      let letter = found.letter
      let statement = try letter.actions(limit: Self.shown)
      let (actions, total) = try await database.transaction(readOnly: true) { session in
        let rows = try session.query(statement)
        return (try rows.map { row in try LetterAction(row: row) }, try rows.first?.value("total", as: Int.self) ?? 0)
      }
      if isJSON {
        guard case .object(let members) = letter.json else { return 1 }
        try console.say(
          JSON(
            members: members.map { ($0.key, $0.value) } + [
              ("cause", found.cause.map { .string($0) } ?? .null),
              ("remedy", found.remedy.map { .string($0) } ?? .null),
              ("actions", .array(actions.map(\.json))), ("actions_total", .integer(Int64(total))),
            ]))
        return 0
      }
      try console.say(Self.sheet(found, at: console.now).text)
      guard !actions.isEmpty else { return 0 }
      let count = actions.count < total ? "the newest \(actions.count) of \(total)" : "\(total)"
      try console.say("\nWhat was done with it: \(count)\n" + Self.table(of: actions).text(width: console.width))
      return 0
    }
  }

  /// How many actions are shown.
  private static let shown = 100

  /// A letter, and the meaning of its kind as the job last declared it; `nil` for a job that never declared it.
  struct Found: Sendable {
    var letter: DeadLetter
    var cause: String?
    var remedy: String?

    init(row: Row) throws(PostgresError) {
      letter = try DeadLetter(row: row)
      cause = try row.optional("cause")
      remedy = try row.optional("remedy")
    }
  }

  /// The letter of this name or id.
  ///
  /// - Returns: `nil` after an error message.
  static func find(
    _ item: String, of job: String, instance: String?, server: String?, in database: Database, _ console: Console,
    isJSON: Bool = false
  ) async throws -> Found? {
    let statement = try DeadLetter.named(item, of: job, instance: instance, server: server, limit: 10)
    let (letters, isExact) = try await database.transaction(readOnly: true) { session in
      let rows = try session.query(statement)
      return (
        try rows.map { row in try Found(row: row) }, try rows.first?.value("is_exact", as: Bool.self) ?? false
      )
    }
    // The same item of several installations, or of several Redis, has one letter for each.
    let exact = letters.filter { $0.letter.digest == letters.first?.letter.digest }
    if let letter = letters.first, isExact ? exact.count == 1 : letters.count == 1 { return letter }
    if letters.isEmpty {
      console.note("there is no dead letter of \(job) with this name or id; oneshot dead-letters list shows them")
    } else {
      console.note(
        isExact ? "several match; narrow it down with --instance or --redis:" : "several ids begin with that:")
      guard !isJSON else {
        try console.say(JSON.array((isExact ? exact : letters).map(\.letter.json)))
        return nil
      }
      try console.say(
        ListDeadLetters.table(of: (isExact ? exact : letters).map(\.letter), at: console.now).text(width: console.width)
      )
    }
    return nil
  }

  private static func sheet(_ found: Found, at now: Timestamp) -> Sheet {
    let letter = found.letter
    var sheet = Sheet()
    sheet.add("instance", letter.instance.isEmpty ? nil : letter.instance)
    sheet.add("job", letter.job)
    sheet.add("redis", letter.server.isEmpty ? nil : letter.server)
    // On one line, whatever it contains: a part of a name must not look like the next fact.
    sheet.add("item", printable(letter.item))
    sheet.add("id", letter.digest)
    sheet.add("state", letter.state.rawValue)
    sheet.add("kind", letter.kind)
    sheet.add("message", printable(letter.message))
    sheet.add("cause", found.cause.map { printable($0) })
    sheet.add("remedy", found.remedy.map { printable($0) })
    sheet.add("attempts", "\(letter.attempts)")
    sheet.add("first failed", letter.firstFailedAt.withAge(at: now))
    sheet.add(
      "last failed",
      "\(letter.lastFailedAt.withAge(at: now)) in run \(letter.lastRunID)"
        + (letter.variant.isEmpty ? "" : " of \(letter.variant)"))
    sheet.add(
      "asked",
      letter.replayRequestedAt.map { "\($0.withAge(at: now)) by \(printable(letter.replayRequestedBy ?? "unknown"))" })
    sheet.add("given to", letter.replayRunID.map { "run \($0)" })
    sheet.add("payload", printable(letter.payload))
    return sheet
  }

  private static func table(of actions: [LetterAction]) -> Table {
    var table = Table("when", "action", "by", "role", .number("attempts"), "what the letter said")
    for action in actions {
      table.add(
        action.at.toTheSecond, action.action, action.by, action.role, "\(action.attempts)",
        "\(action.kind): \(action.message)")
    }
    return table
  }
}
