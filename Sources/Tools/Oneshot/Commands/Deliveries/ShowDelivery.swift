import JobRuntime
import Operations
import Postgres

/// `oneshot deliveries show ID`: everything about one message but its data.
struct ShowDelivery: Command {
  static let name = "deliveries show"
  static let summary = "show one message and what became of each attempt to send it"

  private let id: String
  private let isJSON: Bool

  init(from arguments: inout Arguments, _ env: inout Environment) {
    isJSON = arguments.flag("json", help: "one JSON object")
    id = arguments.operand(.text("ID"), help: "the message's id or its key; put -- before one that begins with a dash")
  }

  func run(_ console: Console, on servers: DatabaseServer) async throws -> Int32 {
    let named = try DeliveryRecord.named(id)
    let found = try await withLedger(servers.database, console) { database in
      try await database.transaction(readOnly: true) { session -> (DeliveryRecord, [AttemptRecord])? in
        guard let message = try session.query(named).first.map({ row in try DeliveryRecord(row: row) }) else {
          return nil
        }
        return (
          message, try session.query(AttemptRecord.all(of: message.id)).map { row in try AttemptRecord(row: row) }
        )
      }
    }
    guard let (message, attempts) = found else {
      console.note("no message has this id or key: it was never requested, or is older than DELIVERY_KEEP")
      return 1
    }
    try console.say(isJSON ? message.json.text + "\n" : Self.sheet(message, attempts, at: console.now).text)
    return 0
  }

  private static func sheet(_ message: DeliveryRecord, _ attempts: [AttemptRecord], at now: Timestamp) -> Sheet {
    var sheet = Sheet()
    sheet.add("message", message.id)
    sheet.add("key", printable(message.key))
    sheet.add("state", message.state)
    sheet.add("channel", message.channel)
    sheet.add("template", message.template.map { printable($0) })
    sheet.add("recipient", message.recipient.map { printable($0) } ?? "removed, or never there")
    sheet.add("requested", message.createdAt.withAge(at: now))
    sheet.add("due", message.state == "queued" ? message.nextAt.withAge(at: now) : nil)
    sheet.add("sent", message.sentAt?.withAge(at: now))
    sheet.add("on doubt", message.onDoubt)
    sheet.add("doubts", message.doubts == 0 ? nil : "\(message.doubts)")
    sheet.add("last answer", message.lastMessage.map { printable($0) })
    for attempt in attempts {
      let code = attempt.code.map { " \($0)" } ?? ""
      let words = attempt.message.map { ": \(printable($0))" } ?? ""
      sheet.add(
        "attempt \(attempt.number)",
        "\(attempt.startedAt.rfc3339) \(attempt.outcome.map { printable($0) } ?? "in progress")\(code)\(words)")
    }
    return sheet
  }
}
