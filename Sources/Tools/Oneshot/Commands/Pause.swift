import JobRuntime
import Operations
import Postgres

/// `oneshot pause JOB`: keeps a job from starting for a while.
struct Pause: Command {
  static let name = "pause"
  static let summary = "keep a job from starting for a while"
  static let discussion =
    """
    Until then each run of the job, of all its variants and shards, ends at once as skipped (0), reason paused. It is kept \
    in the database, so it holds wherever the job is started from. A run that is at work goes on. JOB_FORCE=true runs a \
    paused job all the same. Health does not miss a paused job, and the page shows it. A second pause replaces the first.
    """

  private let job: JobOfInstance
  private let end: EndOption
  private let reason: String?
  private let by: Doer

  init(from arguments: inout Arguments, _ env: inout Environment) {
    end = EndOption(from: &arguments, of: "the pause")
    reason = reasonOption(from: &arguments)
    by = Doer(from: &arguments, &env)
    job = JobOfInstance(from: &arguments, &env)
  }

  func run(_ console: Console, on servers: DatabaseServer) async throws -> Int32 {
    let by = by.name(console)
    let (pause, isKnown) = try await withLedger(servers.database, console) { database in
      let moment = end.moment(at: console.now)
      return try await database.transaction { session in
        (
          try session.query(JobPause.pausing(job.name, of: job.instance, until: moment, by: by, reason: reason)).first
            .map { row in try JobPause(row: row) },
          try session.query(JobPause.isKnown(job.name, of: job.instance)).only().value("is_known", as: Bool.self)
        )
      }
    }
    guard let pause else { throw isOver(end.moment(at: console.now)) }
    try console.say(printable("\(pause.name) is paused until \(pause.end.rfc3339), \(pause.origin)") + "\n")
    if !isKnown {
      console.note("no run of \(pause.name) is known here yet; is this its name, and its installation (--instance)?")
    }
    return 0
  }
}

/// `oneshot resume JOB`: lets a paused job start again.
struct Resume: Command {
  static let name = "resume"
  static let summary = "let a paused job start again"
  static let discussion =
    "The next start does what was left, within the job's bounds; nothing is started by this. Ends with 1 where it was not paused."

  private let job: JobOfInstance

  init(from arguments: inout Arguments, _ env: inout Environment) { job = JobOfInstance(from: &arguments, &env) }

  func run(_ console: Console, on servers: DatabaseServer) async throws -> Int32 {
    let count = try await withLedger(servers.database, console) { database in
      try await database.transaction { session in
        try session.query(JobPause.resuming(job.name, of: job.instance)).affected
      }
    }
    guard count > 0 else {
      console.note("\(job.qualified) is not paused")
      return 1
    }
    try console.say("\(printable(job.qualified)) may start again\n")
    return 0
  }
}
