import JobRuntime
import Operations
import Postgres

/// `oneshot fraud show ENTRY`: everything about one entry.
struct ShowReview: Command {
  static let name = "fraud show"
  static let summary = "show what was found of one sign-up, and what became of it"

  private let entry: Int64
  private let isJSON: Bool

  init(from arguments: inout Arguments, _ env: inout Environment) {
    isJSON = arguments.flag("json", help: "one JSON object")
    entry = arguments.waitlistEntry()
  }

  func run(_ console: Console, on servers: DatabaseServer) async throws -> Int32 {
    let statement = try WaitlistReview.of(entry)
    let found = try await withLedger(servers.database, console) { database in
      try await database.transaction(readOnly: true) { session in
        try session.query(statement).first.map { row in try WaitlistReview(row: row) }
      }
    }
    guard let review = found else {
      console.note("fraud-detection has not looked at an entry \(entry), or FRAUD_KEEP has removed it")
      return 1
    }
    try console.say(isJSON ? review.json.text + "\n" : Self.sheet(review, at: console.now).text)
    return 0
  }

  private static func sheet(_ review: WaitlistReview, at now: Timestamp) -> Sheet {
    var sheet = Sheet()
    sheet.add("entry", "\(review.entry)")
    sheet.add("campaign", review.campaign.map { "\($0)" })
    sheet.add("state", review.state)
    sheet.add("score", "\(review.score)")
    sheet.add("since", review.changedAt?.withAge(at: now))
    sheet.add("decided by", review.decidedBy.map { printable($0) })
    sheet.add("decided", review.decidedAt?.withAge(at: now))
    sheet.add("note", review.note.map { printable($0) })
    sheet.add("why", review.checks.isEmpty ? nil : review.checks)
    sheet.add("evidence", review.evidence.map { printable($0) })
    return sheet
  }
}

extension Arguments {
  /// The operand `ENTRY`.
  mutating func waitlistEntry() -> Int64 {
    let text = operand(.text("ENTRY"), help: "the number of an entry of the waitlist")
    if let entry = Int64(text) { return entry }
    if !text.isEmpty { complain("ENTRY is «\(text)», not the number of an entry") }
    return 0
  }
}
