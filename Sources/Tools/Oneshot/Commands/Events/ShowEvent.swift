import JobRuntime
import Operations
import Postgres

/// `oneshot events show ID`: everything about one event.
struct ShowEvent: Command {
  static let name = "events show"
  static let summary = "show what became of one event, and why"
  static let discussion =
    "An event that is done is remembered for EVENTS_KEEP. The event itself is shown as long as it is not done."

  private let id: String
  private let isJSON: Bool

  init(from arguments: inout Arguments, _ env: inout Environment) {
    isJSON = arguments.flag("json", help: "one JSON object")
    id = arguments.operand(.text("ID"), help: "the event's id; put -- before one that begins with a dash")
  }

  func run(_ console: Console, on servers: DatabaseServer) async throws -> Int32 {
    let statement = try EventRecord.named(id)
    let found = try await withLedger(servers.database, console) { database in
      try await database.transaction(readOnly: true) { session in
        try session.query(statement).first.map { row in try EventRecord(row: row) }
      }
    }
    guard let event = found else {
      console.note("no event has this id: it was not read yet, or was done longer ago than EVENTS_KEEP")
      return 1
    }
    try console.say(isJSON ? event.json.text + "\n" : Self.sheet(event, at: console.now).text)
    return 0
  }

  private static func sheet(_ event: EventRecord, at now: Timestamp) -> Sheet {
    var sheet = Sheet()
    sheet.add("event", printable(event.id))
    sheet.add("state", event.state)
    sheet.add("type", event.type.isEmpty ? nil : printable(event.type))
    sheet.add("seen", event.seenAt.withAge(at: now))
    sheet.add("where", event.partition.map { printable($0) })
    sheet.add("key", event.key.map { "\(printable($0)): later events of it wait behind this one" })
    sheet.add("due", event.dueAt?.withAge(at: now))
    sheet.add("attempts", event.attempts.map { "\($0)" })
    sheet.add("why", event.lastError.map { printable($0) })
    sheet.add("payload", event.event.map { printable($0) })
    return sheet
  }
}
