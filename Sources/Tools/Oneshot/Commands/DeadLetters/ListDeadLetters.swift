import JobRuntime
import Operations
import Postgres

/// `oneshot dead-letters list`: items that failed, a line each.
struct ListDeadLetters: Command {
  static let name = "dead-letters list"
  static let summary = "list items that failed"
  static let discussion =
    "The newest failures first. An item is named by what the job calls it, cut here where it is long, or by its id, which is the same for a job and an item for ever. Installations, and data in several Redis, have separate dead letters: --instance and --redis choose among them."

  private let filter: LetterOptions
  private let state: StateChoice
  private let limit: Int
  private let isJSON: Bool

  enum StateChoice: String, CaseIterable {
    case pending, resolved, discarded, all
  }

  init(from arguments: inout Arguments, _ env: inout Environment) {
    filter = LetterOptions(from: &arguments, &env)
    state =
      arguments.choice("state", of: StateChoice.self, default: .pending, help: "only letters with this state")
      ?? .pending
    limit = arguments.int("limit", default: 50, in: 1...1_000_000, help: "at most this many, the newest")
    isJSON = arguments.flag("json", help: "one JSON array, with all that is known of each letter")
  }

  func run(_ console: Console, on servers: DatabaseServer) async throws -> Int32 {
    let (letters, total) = try await withLedger(servers.database, console) { database in
      let chosen = filter.filter(state: DeadLetter.State(rawValue: state.rawValue), at: console.now)
      let (list, count) = (try chosen.list(limit: limit), try chosen.count())
      return try await database.transaction(readOnly: true) { session in
        let letters = try session.all(of: list) { row in try DeadLetter(row: row) }
        guard letters.count == limit else { return (letters, letters.count) }
        return (letters, try session.query(count).only().value("letters"))
      }
    }
    if isJSON {
      try console.say(JSON.array(letters.map(\.json)))
    } else if !letters.isEmpty {
      try console.say(Self.table(of: letters, at: console.now).text(width: console.width))
    }
    if letters.isEmpty { console.note("no dead letter matches") }
    if letters.count < total { console.note("\(total - letters.count) more: these are the newest \(letters.count)") }
    return 0
  }

  /// Letters as people see them in lists.
  static func table(of letters: [DeadLetter], at now: Timestamp) -> Table {
    var table = Table("id", "job", "state", "kind", .number("attempts"), "failed", "asked", "item")
    let names = PartNames(letters.map(\.part))
    for letter in letters {
      table.add(
        letter.shortID, names[letter.part], letter.state.rawValue, letter.kind, "\(letter.attempts)",
        letter.lastFailedAt.age(at: now), letter.replayRequestedAt?.age(at: now),
        printable(letter.item).cut(to: longestItem))
    }
    return table
  }

  /// An item may have any length; `show` and `--json` have all of it.
  private static let longestItem = 160
}

extension DeadLetter {
  /// The part that it belongs to: all variants of the job.
  var part: JobPart { JobPart(instance: instance, job: job, server: server) }
}
