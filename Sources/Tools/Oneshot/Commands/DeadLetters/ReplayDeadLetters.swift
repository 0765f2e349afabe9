import JobRuntime
import Operations
import Postgres

/// `oneshot dead-letters replay`: requests that items are done again.
struct ReplayDeadLetters: Command {
  static let name = "dead-letters replay"
  static let summary = "have the job's next run do items again that failed"
  static let discussion =
    "Fix the cause first. The job's next run (unless JOB_REPLAY=false) does the items, whatever it would do otherwise: those that go well are resolved, those that fail again are pending again, with one attempt more. Until a run has ended well they stay requested. A second request changes nothing; once a run was given them, it requests another attempt. Ends with 1 where JOB ITEM names nothing that is pending."

  private let choice: LetterChoice
  private let isPlan: Bool

  init(from arguments: inout Arguments, _ env: inout Environment) {
    isPlan = arguments.flag("plan", help: "show what would be requested, and change nothing")
    choice = LetterChoice(from: &arguments, &env)
  }

  func run(_ console: Console, on servers: DatabaseServer) async throws -> Int32 {
    try await withLedger(servers.database, console) { database in
      guard let (filter, limit) = try await choice.resolved(database, console) else { return 1 }
      let count = try filter.count()
      let (letters, askable) = try await database.transaction(readOnly: true) { session in
        let row = try session.query(count).only()
        return (try row.value("letters", as: Int.self), try row.value("askable", as: Int.self))
      }
      if letters == 0 { console.note("no pending dead letter matches") }
      if letters > askable { console.note("requested already: \(letters - askable)") }
      guard askable > 0 else { return 0 }
      if isPlan {
        let number = min(askable, limit)
        try await DiscardDeadLetters.show(filter, number, forReplay: true, in: database, console)
        try console.say("would request \(number); nothing was changed\n")
        return 0
      }
      let request = try filter.requestReplay(by: choice.who(console), limit: limit)
      let requested = try await database.transaction { session in try LettersByJob(session.query(request)) }
      guard requested.total > 0 else {
        console.note("another operator has requested them meanwhile")
        return 0
      }
      try console.say(
        "requested \(requested.text), by \(printable(choice.who(console))); the job's next run does them again\n")
      if askable > limit { console.note("\(askable - limit) more: these are the \(limit) that failed longest ago") }
      return 0
    }
  }
}
