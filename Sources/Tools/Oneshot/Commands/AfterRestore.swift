import JobRuntime
import Operations
import Postgres
import Redis

/// `oneshot after-restore`: repairs what a restore of Postgres, or a failover that lost data, has set back.
struct AfterRestore: Command {
  static let name = "after-restore"
  static let summary = "bring fences and positions in order after Postgres was restored"
  static let discussion =
    """
    For a database that was restored from a backup or a dump, moved to another server, or failed over to a replica that \
    lagged. Fences go on above those that Redis has seen, so that runs may publish again. Rows whose written_by is a \
    transaction that this server has not had are numbered again, and metrics-rollups and event-drain forget up to where they \
    have read: their next runs look at everything, which takes as long as a rebuild and changes only what differs. Events \
    that are done stay done. Give it the role that migrates, the REDIS_URL that jobs publish to, and run it before the \
    schedules start again; while a run goes on, that run may end with 75, and the next one does the work. Running it twice, \
    or where nothing was restored, costs time and harms nothing. Shows what it found and asks. Triggers of the \
    tables fire. Ends with 1 where the answer was no, or rows were left.
    """

  private let isPlan: Bool
  private let isSure: Bool

  init(from arguments: inout Arguments, _ env: inout Environment) {
    isPlan = arguments.flag("plan", help: "show what would be done, and change nothing")
    isSure = arguments.flag("yes", help: "do not ask for confirmation; needed without a terminal")
  }

  func run(_ console: Console, on servers: Servers) async throws -> Int32 {
    let seen = try await withRedis(servers.redis) { redis in try await SeenFences.newest(on: redis) }
    return try await withLedger(servers.database, console) { database in
      let found = try await database.transaction(readOnly: true) { session in
        try RestoredDatabase(seen: seen, session)
      }
      let jobs = seen.isEmpty ? "no job" : seen.keys.sorted().joined(separator: ", ")
      console.note("Postgres \(servers.database.target), Redis \(servers.redis.identity) with fences of \(jobs)")
      for table in found.closed {
        console.note("\(table.description): not looked at, this role may not select from it or update written_by")
      }
      guard !found.isInOrder else {
        try console.say("nothing to do\n")
        return 0
      }
      try console.say(Self.table(of: found).text(width: console.width))
      if isPlan {
        try console.say("nothing was changed\n")
        return 0
      }
      if !isSure {
        guard let isConfirmed = console.confirms("Do this?") else {
          throw JobFailure(
            .usage, "this needs a confirmation, and stdin is not a terminal",
            hint: "Nothing was changed. Look with --plan, then give --yes.")
        }
        guard isConfirmed else {
          console.note("nothing was changed")
          return 1
        }
      }
      let left = try await found.repair(database) { table, rows in
        if rows < table.ahead { console.note("\(table.description): \(rows) of \(table.ahead) rows") }
      }
      for (table, why) in left { console.note("\(table.description): \(why)") }
      guard left.isEmpty else {
        try console.say("done, but not for all rows\n")
        return 1
      }
      try console.say("done\n")
      return 0
    }
  }

  private static func table(of found: RestoredDatabase) -> Table {
    var table = Table("what", "found", "to do")
    for fence in found.fences {
      table.add(
        "fences of \(fence.job)", "Redis has seen \(fence.seen), Postgres knows \(fence.known)",
        "go on above \(fence.seen)")
    }
    for rows in found.tables {
      table.add(
        rows.description, "\(rows.ahead) rows of transactions that this server has not had", "number them again")
    }
    if found.rollupPositions > 0 {
      table.add(
        "metrics-rollups", "has read \(found.rollupPositions) sources up to a transaction",
        "the next run looks at everything")
    }
    if found.eventPositions > 0 {
      table.add("event-drain", "has read oneshot.events up to a transaction", "the next run looks at everything")
    }
    return table
  }
}
