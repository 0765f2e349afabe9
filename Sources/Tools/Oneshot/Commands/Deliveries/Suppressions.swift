import JobRuntime
import Operations
import Postgres

/// `oneshot suppressions list`: addresses that get no mail.
struct ListSuppressions: Command {
  static let name = "suppressions list"
  static let summary = "list addresses that get no mail, and why"
  static let discussion = "The newest first. The category * means all mail."

  private let address: String?
  private let limit: Int

  init(from arguments: inout Arguments, _ env: inout Environment) {
    address = arguments.optionalText("address", .text("ADDRESS"), help: "only this address")
    limit = arguments.int("limit", default: 50, in: 1...1_000_000, help: "at most this many, the newest")
  }

  func run(_ console: Console, on servers: DatabaseServer) async throws -> Int32 {
    let statement = try SuppressionRecord.list(address: address, limit: limit)
    let all = try await withLedger(servers.database, console) { database in
      try await database.transaction(readOnly: true) { session in
        try session.all(of: statement) { row in try SuppressionRecord(row: row) }
      }
    }
    var table = Table("address", "category", "why", "since", "until")
    for one in all {
      table.add(
        printable(one.address), printable(one.category), one.reason, one.since.age(at: console.now), one.until?.rfc3339)
    }
    if all.isEmpty {
      console.note("no address is suppressed")
    } else {
      try console.say(table.text(width: console.width))
    }
    if let total = all.first?.total, all.count < total { console.note("\(total - all.count) more") }
    return 0
  }
}

/// `oneshot suppressions add ADDRESS`.
struct AddSuppression: Command {
  static let name = "suppressions add"
  static let summary = "keep an address from getting mail"

  private let address: String
  private let category: String

  init(from arguments: inout Arguments, _ env: inout Environment) {
    category = arguments.optionalText("category", .text("CATEGORY"), help: "only mail of this category") ?? "*"
    address = arguments.operand(.text("ADDRESS"), help: "the address")
  }

  func run(_ console: Console, on servers: DatabaseServer) async throws -> Int32 {
    let statement = try SuppressionRecord.adding(address, category: category)
    let count = try await withLedger(servers.database, console) { database in
      try await database.transaction { session in try session.query(statement).affected }
    }
    guard count > 0 else {
      console.note("it was suppressed already")
      return 0
    }
    try console.say("suppressed \(printable(address)), category \(printable(category))\n")
    return 0
  }
}

/// `oneshot suppressions remove ADDRESS`.
struct RemoveSuppression: Command {
  static let name = "suppressions remove"
  static let summary = "let an address get mail again"
  static let discussion = "Ends with 1 where it was not suppressed. A person who has unsubscribed has to agree to that."

  private let address: String
  private let category: String

  init(from arguments: inout Arguments, _ env: inout Environment) {
    category = arguments.optionalText("category", .text("CATEGORY"), help: "the category; by default *") ?? "*"
    address = arguments.operand(.text("ADDRESS"), help: "the address")
  }

  func run(_ console: Console, on servers: DatabaseServer) async throws -> Int32 {
    let statement = try SuppressionRecord.ending(address, category: category)
    let count = try await withLedger(servers.database, console) { database in
      try await database.transaction { session in try session.query(statement).affected }
    }
    guard count > 0 else {
      console.note("this address is not suppressed for the category \(printable(category))")
      return 1
    }
    try console.say("\(printable(address)) gets mail again, category \(printable(category))\n")
    return 0
  }
}
