import JobRuntime
import Operations
import Postgres

/// A change of a message by an operator.
protocol DeliveryChange: Sendable {
  static var word: String { get }
  static var summary: String { get }
  static var discussion: String { get }
  static var from: [DeliveryRecord.State] { get }
  static var to: DeliveryRecord.State { get }
  /// The past participle of the action, for the audit.
  static var done: String { get }
}

/// `oneshot deliveries hold ID`, and the like.
struct ChangeDelivery<Change: DeliveryChange>: Command {
  static var name: String { "deliveries \(Change.word)" }
  static var summary: String { Change.summary }
  static var discussion: String { Change.discussion }

  private let id: String
  private let by: Doer

  init(from arguments: inout Arguments, _ env: inout Environment) {
    by = Doer(from: &arguments, &env)
    id = arguments.operand(.text("ID"), help: "the message's id or its key; put -- before one that begins with a dash")
  }

  func run(_ console: Console, on servers: DatabaseServer) async throws -> Int32 {
    let note = "\(Change.done) by \(by.name(console))"
    let (change, named) = (
      try DeliveryRecord.change(id, from: Change.from, to: Change.to, note: note), try DeliveryRecord.named(id)
    )
    let (changed, found) = try await withLedger(servers.database, console) { database in
      try await database.transaction { session in
        (
          try session.query(change).count,
          try session.query(named).first.map { row in try DeliveryRecord(row: row) }
        )
      }
    }
    guard let message = found else {
      console.note("no message has this id or key")
      return 1
    }
    guard changed > 0 else {
      let isErased = Change.to == .queued && message.recipient == nil
      console.note(
        isErased
          ? "its address and data were removed (DELIVERY_KEEP_DATA); nothing was changed"
          : "it is \(message.state), and can be \(Change.done) only from "
            + "\(Change.from.map(\.rawValue).joined(separator: ", ")); nothing was changed")
      return 1
    }
    try console.say("\(Change.done) \(message.id)\n")
    return 0
  }
}

enum HoldDelivery: DeliveryChange {
  static let word = "hold"
  static let summary = "keep a message from being sent"
  static let discussion = "Until it is released or cancelled."
  static let from: [DeliveryRecord.State] = [.queued]
  static let to = DeliveryRecord.State.held
  static let done = "held"
}

enum ReleaseDelivery: DeliveryChange {
  static let word = "release"
  static let summary = "send a message that is held"
  static let discussion =
    "The next run sends it. Where it is held because it is unknown whether it was sent, it may arrive a second time, with the same id."
  static let from: [DeliveryRecord.State] = [.held]
  static let to = DeliveryRecord.State.queued
  static let done = "released"
}

enum CancelDelivery: DeliveryChange {
  static let word = "cancel"
  static let summary = "give up a message that was not sent"
  static let discussion = "Nothing is deleted: the message stays as cancelled."
  static let from: [DeliveryRecord.State] = [.queued, .held, .failed]
  static let to = DeliveryRecord.State.cancelled
  static let done = "cancelled"
}

enum ResendDelivery: DeliveryChange {
  static let word = "resend"
  static let summary = "send a message again"
  static let discussion =
    "Also one that was sent: it arrives a second time, with the same id. The next run sends it. Not possible once its address was removed (DELIVERY_KEEP_DATA)."
  static let from: [DeliveryRecord.State] = [.sent, .failed, .held, .suppressed, .cancelled]
  static let to = DeliveryRecord.State.queued
  static let done = "queued again"
}
