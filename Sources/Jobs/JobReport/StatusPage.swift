import Glibc
import JobRuntime
import Operations
import Postgres
import Redis

/// Writes one web page that shows how all jobs went in the last days and their state now.
///
/// - Reads and writes: the ledger, dead letters and locks; the file `REPORT_FILE`, replaced in one step.
/// - Safe to run twice: the page is written again as a whole.
/// - Safe to stop halfway: the old page stays until the new one is whole and replaces it.
/// - If it is late: the page shows the moment at which it is made. A page about the past would hide what is wrong now.
@main
struct StatusPage: Job {
  static let facts = JobFacts(
    name: "job-report",
    summary: "writes a web page of all runs, failures, dead letters and locks",
    schema: [MigrationNeed("core", 7)],
    tables: [
      TableNeed(
        "oneshot.job_runs",
        columns: [
          "started_at", "duration_ms", "error_kind", "error_message", "error_hint", "errors_total", "host", "version",
        ],
        privileges: [.select]),
      TableNeed(
        "oneshot.dead_letters",
        columns: ["error_kind", "error_message", "attempts", "first_failed_at", "last_failed_at"],
        privileges: [.select]),
      TableNeed("oneshot.letter_kinds", columns: ["job", "kind", "cause", "remedy"], privileges: [.select]),
    ])

  struct Settings: JobSettings {
    let file: String
    let days: Int
    let title: String
    let oldAfter: Duration
    let links: Links
    let health: HealthSettings

    init(from env: inout Environment) {
      file = env.requiredPath(
        "REPORT_FILE", help: "Where the page is written; its folder has to exist, and to hold nothing but the page.")
      _ = env.optionalString(
        "REPORT_NAME", help: "The page's name; two pages of one installation need two names.",
        selects: .work(as: "page"))
      days = env.int("REPORT_DAYS", default: 7, in: 1...90, help: "How many days the page shows, today included.")
      title = env.string(
        "REPORT_TITLE", default: "Jobs", help: "What the page shows, for example the environment's name.")
      oldAfter = env.duration(
        "REPORT_OLD_AFTER", default: .hours(1), in: .minutes(1) ... .days(366),
        help: "Age at which an open page says that it is old: a few times as long as between two runs.")
      links = Links(from: &env)
      health = HealthSettings(from: &env)
    }
  }

  struct Report: JobReport {
    var parts = 0
    /// Runs in the ledger of the days that are shown.
    var runs = 0
    var troubles = 0
    var deadLetters = 0
    var locks = 0
    var bytes = 0
    var file: String

    /// The page.
    var itemsProcessed: Int { bytes > 0 ? 1 : 0 }
  }

  let settings: Settings

  func run(_ run: JobRun) async throws -> Report {
    var health = settings.health
    health.instance = run.instance
    let facts = try await HealthFacts(
      health, query: { statement in try await run.read(statement) }, redis: run.redisConnection.identity,
      locks: { try await run.retrying("looking at the locks") { try await HeldLock.all(on: run.redisConnection) } })
    let reading = Reading(
      settings: settings, now: run.startedAt, scheduledAt: run.scheduledAt, own: run.id,
      judgement: Judgement(facts, health, by: Self.name))
    let picture = try await run.snapshot { session in try reading.carryOut(session) }
    run.setWindow(Window(start: picture.axis.start, end: picture.madeAt))
    let page = Page(picture).html.markup
    if !run.isDryRun { try await write(page, run) }
    return Report(
      parts: picture.parts.total, runs: picture.tally.runs,
      troubles: picture.troubles.count, deadLetters: picture.letters, locks: picture.locks.total,
      bytes: page.utf8.count, file: settings.file)
  }

  /// File operations run on the connections' threads: a disk that hangs must not stop the rest of the process.
  private func write(_ page: String, _ run: JobRun) async throws {
    run.log.debug("made the page")
    let draft = try await run.reading { _ in
      do throws(SmallFile.Failure) { return try FileDraft(of: settings.file, page) } catch { throw failure(error) }
    }
    run.log.debug("wrote the page beside the old one")
    do {
      // Nothing is written to the database. But a run that was paused must not put its page over a newer one, and a newer
      // run cannot start while this transaction holds the fence.
      try await run.transaction { _ in
        do throws(SmallFile.Failure) { try draft.publish() } catch { throw failure(error) }
      }
    } catch {
      draft.discard()
      throw error
    }
    FileDraft.removeLeftovers(of: settings.file)
  }

  fileprivate func failure(_ cause: SmallFile.Failure) -> JobFailure {
    let message = "REPORT_FILE \(settings.file): \(cause)"
    switch cause.number {
    case ENOSPC, EDQUOT, EFBIG, EIO, EMFILE, ENFILE:
      return JobFailure(.unavailable, message, hint: "Make room there; the old page was kept.")
    case EACCES, EPERM, EROFS:
      return JobFailure(.denied, message, hint: "Let the user that runs job-report write to that folder.")
    default:
      return JobFailure(.misconfigured, message, hint: "Name a file in a folder that exists.")
    }
  }
}

extension StatusPage: Checkable {
  var needs: JobNeeds {
    var needs = Self.facts.needs
    let key = HeldLock.prefix + Self.name
    needs.redisTrials = [
      RedisCommand("SCAN", "0", "COUNT", "1"), RedisCommand("PTTL", key), RedisCommand("GETRANGE", key, "0", "0"),
    ]
    return needs
  }

  func check(_ run: JobRun) async throws -> [JobFailure] {
    do throws(SmallFile.Failure) { try FileDraft.check(settings.file) } catch { return [failure(error)] }
    return []
  }
}
