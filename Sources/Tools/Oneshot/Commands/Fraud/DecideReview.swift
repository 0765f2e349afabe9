import JobRuntime
import Operations
import Postgres

/// `oneshot fraud approve ENTRY`: lets an entry count, whatever the findings.
struct ApproveReview: Command {
  static let name = "fraud approve"
  static let summary = "let a sign-up count, for good"
  static let discussion =
    "No run changes a decision; fraud reject takes it back. When something new is found of an approved entry, an event says so."

  private let decision: Decision

  init(from arguments: inout Arguments, _ env: inout Environment) { decision = Decision(from: &arguments, &env) }

  func run(_ console: Console, on servers: DatabaseServer) async throws -> Int32 {
    try await decision.carryOut("approved", console, on: servers)
  }
}

/// `oneshot fraud reject ENTRY`: keeps an entry from counting.
struct RejectReview: Command {
  static let name = "fraud reject"
  static let summary = "keep a sign-up from counting, for good"
  static let discussion =
    "Nothing is deleted: the entry stays, and its referral does not count. No run changes a decision; fraud approve takes it back."

  private let decision: Decision

  init(from arguments: inout Arguments, _ env: inout Environment) { decision = Decision(from: &arguments, &env) }

  func run(_ console: Console, on servers: DatabaseServer) async throws -> Int32 {
    try await decision.carryOut("rejected", console, on: servers)
  }
}

/// The decision about an entry, by whom and why.
private struct Decision: Sendable {
  let entry: Int64
  let by: Doer
  let note: String?

  init(from arguments: inout Arguments, _ env: inout Environment) {
    by = Doer(from: &arguments, &env)
    note = arguments.optionalText("note", .text("TEXT"), help: "why, for the audit")
    entry = arguments.waitlistEntry()
  }

  func carryOut(_ state: String, _ console: Console, on servers: DatabaseServer) async throws -> Int32 {
    let who = by.name(console)
    let decide = try WaitlistReview.decide(entry, state, by: who, note: note)
    let look = try WaitlistReview.of(entry)
    let isKnown = try await withLedger(servers.database, console) { database in
      try await database.transaction { session in
        guard try !session.query(look).isEmpty else { return false }
        try session.query(decide)
        return true
      }
    }
    guard isKnown else {
      console.note("fraud-detection has not looked at an entry \(entry); nothing was changed")
      return 1
    }
    try console.say("\(state) \(entry), by \(printable(who))\n")
    return 0
  }
}
