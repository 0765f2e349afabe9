import JobRuntime
import Operations
import Postgres

/// `oneshot dead-letters discard`: gives items up.
struct DiscardDeadLetters: Command {
  static let name = "dead-letters discard"
  static let summary = "give up items that failed"
  static let discussion =
    "For items that are no longer needed, or that no run can do again. Nothing is deleted: the letter is kept as discarded, and who did it. An item that fails again after that is pending again. Asks first where it is more than one. Ends with 1 where nothing was done: the answer was no, or JOB ITEM names nothing that is pending."

  private let choice: LetterChoice
  private let isPlan: Bool
  private let isSure: Bool

  init(from arguments: inout Arguments, _ env: inout Environment) {
    isPlan = arguments.flag("plan", help: "show what would be discarded, and change nothing")
    isSure = arguments.flag("yes", help: "do not ask for confirmation; needed for more than one without a terminal")
    choice = LetterChoice(from: &arguments, &env)
  }

  func run(_ console: Console, on servers: DatabaseServer) async throws -> Int32 {
    try await withLedger(servers.database, console) { database in
      guard let (filter, limit) = try await choice.resolved(database, console) else { return 1 }
      let count = try filter.count()
      let letters = try await database.transaction(readOnly: true) { session in
        try session.query(count).only().value("letters", as: Int.self)
      }
      guard letters > 0 else {
        console.note("no pending dead letter matches")
        return 0
      }
      let number = min(letters, limit)
      if isPlan || (number > 1 && !isSure) {
        try await Self.show(filter, number, forReplay: false, in: database, console)
      }
      if isPlan {
        try console.say("would discard \(number); nothing was changed\n")
        return 0
      }
      if number > 1, !isSure {
        guard let isConfirmed = console.confirms("Discard \(number) dead letters?") else {
          throw JobFailure(
            .usage, "discarding \(number) dead letters needs a confirmation, and stdin is not a terminal",
            hint: "Nothing was changed. Look with --plan, then give --yes.")
        }
        guard isConfirmed else {
          console.note("nothing was changed")
          return 1
        }
      }
      // Not more than were counted: letters that have failed since were not confirmed.
      let discard = try filter.discard(by: choice.who(console), limit: number)
      let discarded = try await database.transaction { session in try LettersByJob(session.query(discard)) }
      try console.say("discarded \(discarded.text), by \(printable(choice.who(console)))\n")
      if letters > limit { console.note("\(letters - limit) more: these are the \(limit) that failed longest ago") }
      return 0
    }
  }

  /// Shows the first letters that would be changed.
  ///
  /// - Parameter number: how many would be changed.
  static func show(
    _ filter: LetterFilter, _ number: Int, forReplay: Bool, in database: Database, _ console: Console
  ) async throws {
    let next = try filter.next(forReplay: forReplay, limit: min(number, shown))
    let letters = try await database.transaction(readOnly: true) { session in
      try session.query(next).map { row in try DeadLetter(row: row) }
    }
    try console.say(ListDeadLetters.table(of: letters, at: console.now).text(width: console.width))
    if number > letters.count { try console.say("… and \(number - letters.count) more\n") }
  }

  private static let shown = 20
}
