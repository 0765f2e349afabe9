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

  private enum End: Sendable {
    case moment(Timestamp)
    case after(Duration)
  }

  private let job: PausableJob
  private let end: End
  private let reason: String?
  private let by: Doer

  init(from arguments: inout Arguments, _ env: inout Environment) {
    let until: Timestamp? = arguments.custom(
      "until", .text("TIME"), default: nil, help: "to this moment, such as 2025-11-09T06:00:00Z"
    ) { text in Timestamp(rfc3339: text).map { .success($0) } ?? .failure("is «\(text)», no moment of RFC 3339") }
    let length = arguments.duration("for", default: nil, help: "so long from now, such as 2h")
    switch (until, length) {
    case (let until?, nil): end = .moment(until)
    case (nil, let length?): end = .after(length)
    default:
      arguments.complain("give either --until or --for, so that nobody has to remember the pause")
      end = .after(.zero)
    }
    reason = arguments.optionalText("reason", .text("TEXT"), help: "why, for whoever wonders")
    if let reason, reason.unicodeScalars.count > 500 { arguments.complain("--reason has more than 500 characters") }
    by = Doer(from: &arguments, &env)
    job = PausableJob(from: &arguments, &env)
  }

  func run(_ console: Console, on servers: DatabaseServer) async throws -> Int32 {
    let moment =
      switch end {
      case .moment(let moment): moment
      case .after(let length): console.now + length
      }
    let by = by.name(console)
    let (pause, isKnown) = try await withLedger(servers.database, console) { database in
      try await database.transaction { session in
        (
          try session.query(JobPause.pausing(job.name, of: job.instance, until: moment, by: by, reason: reason)).first
            .map { row in try JobPause(row: row) },
          try session.query(JobPause.isKnown(job.name, of: job.instance)).only().value("is_known", as: Bool.self)
        )
      }
    }
    guard let pause else {
      throw JobFailure(
        .usage, "\(moment.rfc3339) is over by the database's clock", hint: "Nothing was changed. Give a later end.")
    }
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

  private let job: PausableJob

  init(from arguments: inout Arguments, _ env: inout Environment) { job = PausableJob(from: &arguments, &env) }

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

/// A job of one installation, as `pause` and `resume` name it.
private struct PausableJob: Sendable {
  let name: String
  let instance: String

  init(from arguments: inout Arguments, _ env: inout Environment) {
    instance = instanceOption(from: &arguments, &env, help: "the job of this installation") ?? ""
    name = arguments.operand(.job, help: "the job, also one that job-exec runs")
  }

  var qualified: String { RunIdentity.qualified(name, instance) }
}
