import JobRuntime
import Operations
import Postgres

/// `oneshot deliveries list`: messages for the outside, a line each.
struct ListDeliveries: Command {
  static let name = "deliveries list"
  static let summary = "list mail and webhooks that wait, are held or have failed"
  static let discussion =
    "The newest first. A message is held where it is unknown whether it was sent, and it is marked for a person to decide: `deliveries release` sends it again, `deliveries cancel` does not."

  private let state: DeliveryRecord.State?
  private let channel: String?
  private let limit: Int
  private let isJSON: Bool

  init(from arguments: inout Arguments, _ env: inout Environment) {
    let words = DeliveryRecord.State.allCases.map(\.rawValue).joined(separator: ", ")
    state =
      arguments.optionalText("state", .text("STATE"), help: "only messages in this state: \(words)").flatMap { text in
        if let state = DeliveryRecord.State(rawValue: text) { return state }
        arguments.complain("--state is «\(text)»; it is one of \(words)")
        return nil
      }
    channel = arguments.optionalText("channel", .text("CHANNEL"), help: "only email, or only webhook")
    limit = arguments.int("limit", default: 50, in: 1...1_000_000, help: "at most this many, the newest")
    isJSON = arguments.flag("json", help: "one JSON array, with all that is known of each message but its data")
  }

  func run(_ console: Console, on servers: DatabaseServer) async throws -> Int32 {
    let statement = try DeliveryRecord.list(state: state, channel: channel, limit: limit)
    let messages = try await withLedger(servers.database, console) { database in
      try await database.transaction(readOnly: true) { session in
        try session.all(of: statement) { row in try DeliveryRecord(row: row) }
      }
    }
    if isJSON {
      try console.say(JSON.array(messages.map(\.json)))
    } else if !messages.isEmpty {
      try console.say(Self.table(of: messages, at: console.now).text(width: console.width))
    }
    if messages.isEmpty { console.note("no message matches") }
    if let total = messages.first?.total, messages.count < total { console.note("\(total - messages.count) more") }
    return 0
  }

  private static func table(of messages: [DeliveryRecord], at now: Timestamp) -> Table {
    var table = Table("message", "key", "channel", "template", "state", "requested", .number("attempts"), "last answer")
    for message in messages {
      table.add(
        String(message.id.prefix(8)), printable(message.key), message.channel, message.template.map { printable($0) },
        message.state, message.createdAt.age(at: now), "\(message.attempts)",
        message.lastMessage.map { printable($0).cut(to: 200) })
    }
    return table
  }
}
