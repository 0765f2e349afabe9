import JobRuntime
import Operations
import Postgres

/// `oneshot events list`: events that wait, a line each.
struct ListEvents: Command {
  static let name = "events list"
  static let summary = "list events that wait, and why"
  static let discussion =
    "Those that are due first. An event waits after an attempt that failed and may succeed later, for a handler that has a mistake, or behind an earlier event of its key. What is unread is not here: `oneshot health` shows it as behind. Events that were given up are dead letters."

  private let type: String?
  private let source: String?
  private let limit: Int
  private let isJSON: Bool

  init(from arguments: inout Arguments, _ env: inout Environment) {
    type = arguments.optionalText("type", .text("TYPE"), help: "only events of this type")
    source = arguments.optionalText("source", .text("SOURCE"), help: "only events of this source: redis:events:job")
    limit = arguments.int("limit", default: 50, in: 1...1_000_000, help: "at most this many, those that are due first")
    isJSON = arguments.flag("json", help: "one JSON array, with all that is known of each event but the event itself")
  }

  func run(_ console: Console, on servers: DatabaseServer) async throws -> Int32 {
    let statement = try EventRecord.waiting(type: type, source: source, limit: limit)
    let events = try await withLedger(servers.database, console) { database in
      try await database.transaction(readOnly: true) { session in
        try session.all(of: statement) { row in try EventRecord(row: row) }
      }
    }
    if isJSON {
      try console.say(JSON.array(events.map(\.json)))
    } else if !events.isEmpty {
      try console.say(Self.table(of: events, at: console.now).text(width: console.width))
    }
    if events.isEmpty { console.note("no event waits") }
    if let total = events.first?.total, events.count < total { console.note("\(total - events.count) more wait") }
    return 0
  }

  private static func table(of events: [EventRecord], at now: Timestamp) -> Table {
    var table = Table("event", "type", "where", "waits since", "due", .number("attempts"), "why")
    for event in events {
      table.add(
        printable(event.id), printable(event.type), event.partition.map { printable($0) }, event.seenAt.age(at: now),
        event.dueAt?.age(at: now), event.attempts.map { "\($0)" },
        event.lastError.map { printable($0).cut(to: longestReason) })
    }
    return table
  }

  /// `show` has all of it.
  private static let longestReason = 200
}
