import JobRuntime
import Operations
import Postgres

/// `oneshot fraud list`: entries of waitlists that wait for a decision, a line each.
struct ListReviews: Command {
  static let name = "fraud list"
  static let summary = "list sign-ups that wait for a decision, and why"
  static let discussion =
    "What fraud-detection has found, the highest scores first. A suspect entry counts until a person rejects it; one that is held does not count until a person approves it."

  private let onlyHeld: Bool
  private let limit: Int
  private let isJSON: Bool

  init(from arguments: inout Arguments, _ env: inout Environment) {
    onlyHeld = arguments.flag("held", help: "only those that do not count")
    limit = arguments.int("limit", default: 50, in: 1...1_000_000, help: "at most this many, the highest scores")
    isJSON = arguments.flag("json", help: "one JSON array")
  }

  func run(_ console: Console, on servers: DatabaseServer) async throws -> Int32 {
    let statement = try WaitlistReview.open(onlyHeld: onlyHeld, limit: limit)
    let reviews = try await withLedger(servers.database, console) { database in
      try await database.transaction(readOnly: true) { session in
        try session.all(of: statement) { row in try WaitlistReview(row: row) }
      }
    }
    if isJSON {
      try console.say(JSON.array(reviews.map(\.json)))
    } else if !reviews.isEmpty {
      try console.say(Self.table(of: reviews, at: console.now).text(width: console.width))
    }
    if reviews.isEmpty { console.note("no entry waits for a decision") }
    if let total = reviews.first?.total, reviews.count < total { console.note("\(total - reviews.count) more wait") }
    return 0
  }

  private static func table(of reviews: [WaitlistReview], at now: Timestamp) -> Table {
    var table = Table(.number("entry"), .number("campaign"), "state", .number("score"), "since", "why")
    for review in reviews {
      table.add(
        "\(review.entry)", review.campaign.map { "\($0)" }, review.state, "\(review.score)",
        review.changedAt?.age(at: now), review.checks)
    }
    return table
  }
}
