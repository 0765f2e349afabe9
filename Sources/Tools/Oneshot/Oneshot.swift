import Glibc
import JobRuntime
import Postgres

/// The operator's command. So far: `oneshot migrate`.
@main
struct Oneshot {
  static let help = """
    oneshot — the operator's command of the oneshot jobs

    Usage: oneshot migrate [--plan]     bring the database's schema up to date
           oneshot --help | --version

      --plan    show what would be done, and do nothing

    Settings (environment variables):
      DATABASE_URL*   Postgres: a libpq URI or keyword string; the role must own the schema (required)

    A setting marked * is also read from the file that NAME_FILE names.
    Each step is applied once, in its own transaction; two that start at once do not harm each other.

    Exit codes: 0 done · 64 usage · 69 unavailable · 70 internal · 77 denied · 78 misconfigured

    """

  @concurrent
  static func main() async {
    signal(SIGPIPE, SIG_IGN)
    switch Array(CommandLine.arguments.dropFirst()) {
    case [], ["--help"], ["migrate", "--help"]: say(help)
    case ["--version"]: say("oneshot \(oneshotVersion)\n")
    case ["migrate"]: await exit(run { try await migrate($0, isPlan: false) })
    case ["migrate", "--plan"]: await exit(run { try await migrate($0, isPlan: true) })
    default:
      complain(JobFailure(.usage, "these arguments are not known", hint: "oneshot --help lists them."))
      exit(FailureKind.usage.exitCode)
    }
  }

  private static func migrate(_ database: Database, isPlan: Bool) async throws {
    let migrator = Migrator(database: database, migrations: Migration.all)
    if isPlan {
      let applied = try await migrator.applied()
      let missing = Migration.all.filter { applied.done[$0.version] == nil }
      for migration in missing {
        say("-- would apply \(migration.version) \(migration.name)\n\(migration.sql)\n")
      }
      say(
        missing.isEmpty ? "up to date: version \(applied.newest)\n" : "\(missing.count) to apply; nothing was changed\n"
      )
    } else {
      let done = try await migrator.migrate { say("applying \($0.version) \($0.name)\n") }
      let version = Migration.all.last?.version ?? 0
      say(done.isEmpty ? "up to date: version \(version)\n" : "applied \(done.count); now at version \(version)\n")
    }
  }

  /// Connects as the environment says, runs, and turns an error into words and an exit code.
  private static func run(_ body: (Database) async throws -> Void) async -> Int32 {
    var env = Environment(processEnvironment())
    let options = databaseOptions(from: &env)
    guard let options, env.problems.isEmpty else {
      for problem in env.problems {
        complain(
          JobFailure(.misconfigured, "\(problem.name) \(problem.message)", hint: "oneshot --help lists the settings."))
      }
      return FailureKind.misconfigured.exitCode
    }
    let database = Database(options)
    do {
      try await body(database)
      await database.close()
      return 0
    } catch {
      let failure = JobFailure(classifying: error)
      complain(failure)
      return failure.kind.exitCode
    }
  }

  private static func say(_ text: String) { writeAll(text, to: STDOUT_FILENO) }

  private static func complain(_ failure: JobFailure) {
    writeAll("oneshot: \(failure.message)\n" + (failure.hint.map { "  \($0)\n" } ?? ""), to: STDERR_FILENO)
  }
}
