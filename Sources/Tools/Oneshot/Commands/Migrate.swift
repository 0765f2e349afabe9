import JobRuntime
import Migrations
import Postgres

/// `oneshot migrate`: brings the database's schema up to date.
struct Migrate: Command {
  static let name = "migrate"
  static let summary = "bring the database's schema up to date"
  static let discussion =
    """
    Each step of each line is applied once, in its own transaction; two that start at once do not harm each other. Whether \
    the role may do it all, and whether anything of another shape is in the way, is looked at before the first step.
    """

  private let isPlan: Bool
  private let showsSQL: Bool
  private let lines: Set<String>

  init(from arguments: inout Arguments, _ env: inout Environment) {
    isPlan = arguments.flag("plan", help: "show what would be made where, and what is in the way; do nothing")
    showsSQL = arguments.flag("sql", help: "with --plan: show the SQL behind it")
    let known = Migration.lines
    lines =
      arguments.custom(
        "only", .text("LINES"), default: "all",
        help: "these lines, separated by commas (core always): \(known.joined(separator: ", "))"
      ) { text in
        let chosen = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        let unknown = chosen.filter { !known.contains($0) }
        return unknown.isEmpty
          ? .success(Set(chosen + [Migration.core]))
          : .failure("is «\(text)», not lines out of \(known.joined(separator: ", "))")
      } ?? Set(known)
    if showsSQL, !isPlan { arguments.complain("--sql goes with --plan") }
  }

  func run(_ console: Console, on servers: DatabaseServer) async throws -> Int32 {
    let wanted = Migration.all.filter { lines.contains($0.line) }
    let state = Migration.ends(of: wanted)
    return try await withDatabase(servers.database, console) { database in
      let migrator = Migrator(database, wanted)
      let later = try await migrator.later()
      let newer =
        later.isEmpty
        ? ""
        : "this database is newer than this version of oneshot, and stays as it is: \(later.joined(separator: ", "))\n"
      if isPlan {
        let (plan, schema, failure) = try await migrator.plan()
        try console.say(showsSQL ? plan.sql : plan.summary(schema: schema))
        if !newer.isEmpty { try console.say((showsSQL ? "-- " : "") + newer) }
        try console.say(
          (showsSQL ? "-- " : "")
            + (plan.isEmpty ? "up to date: \(state)\n" : "\(plan.count) to apply; nothing was changed\n"))
        guard let failure else { return 0 }
        console.complain(failure)
        return failure.kind.exitCode
      }
      if !newer.isEmpty { try console.say(newer) }
      let done = try await migrator.migrate { try console.say($0 + "\n") }
      try console.say(done == 0 ? "up to date: \(state)\n" : "applied \(done); now at \(state)\n")
      return 0
    }
  }
}
