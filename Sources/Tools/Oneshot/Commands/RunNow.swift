import JobRuntime
import Operations
import Postgres

/// `oneshot run-now JOB`: has the next run of a job do its slot although it has succeeded.
struct RunNow: Command {
  static let name = "run-now"
  static let summary = "have the next run of a job do its work although its slot has succeeded"
  static let discussion =
    """
    Kept in the database: the next run, wherever it is started from, does what JOB_FORCE=true would have it do, except \
    that it does not go through a pause. Once such a run has succeeded, a duplicate of it is skipped as ever (each \
    variant and shard does it once); one that fails leaves the request to the next. Nothing is started by this: the \
    command prints the lines that start a run now. A second request replaces the first. Ends with 1 where the job is \
    paused, and where there is nothing to withdraw.
    """

  private let job: JobOfInstance
  private let end: EndOption
  private let slot: Timestamp?
  private let withdraws: Bool
  private let reason: String?
  private let by: Doer

  init(from arguments: inout Arguments, _ env: inout Environment) {
    slot = arguments.custom(
      "slot", .text("TIME"), default: nil, help: "only a run for this slot, as `oneshot run` shows it"
    ) { text in Timestamp(rfc3339: text).map { .success($0) } ?? .failure("is «\(text)», no moment of RFC 3339") }
    withdraws = arguments.flag("withdraw", help: "take the request back")
    end = EndOption(from: &arguments, of: "the request", otherwise: .days(1))
    reason = reasonOption(from: &arguments)
    by = Doer(from: &arguments, &env)
    job = JobOfInstance(from: &arguments, &env)
  }

  func run(_ console: Console, on servers: DatabaseServer) async throws -> Int32 {
    withdraws ? try await withdraw(console, servers) : try await request(console, servers)
  }

  private func request(_ console: Console, _ servers: DatabaseServer) async throws -> Int32 {
    let by = by.name(console)
    let (request, pause) = try await withLedger(servers.database, console) { database in
      let moment = end.moment(at: console.now)
      return try await database.transaction { session in
        (
          try session.query(
            RunRequest.requesting(job.name, of: job.instance, slot: slot, until: moment, by: by, reason: reason)
          ).first.map { row in try RunRequest(row: row) },
          try session.query(JobPause.current(of: job.name, in: job.instance)).first.map { try JobPause(row: $0) }
        )
      }
    }
    if let pause {
      console.note(
        "\(pause.name) is paused until \(pause.end.rfc3339), \(pause.origin); nothing was changed. End the pause first: oneshot resume \(shellWord(pause.job))"
      )
      return 1
    }
    guard let request else { throw isOver(end.moment(at: console.now)) }
    let which = request.slot.map { "for the slot \($0.rfc3339)" } ?? "of \(request.name)"
    try console.say(
      printable(
        "\(request.slot == nil ? "" : request.name + ": ")the next run \(which) does its work although it has succeeded, until \(request.end.rfc3339), \(request.origin)"
      ) + "\n\n" + StartLines(job: job.name, instance: job.instance, slot: slot).text)
    return 0
  }

  private func withdraw(_ console: Console, _ servers: DatabaseServer) async throws -> Int32 {
    let count = try await withLedger(servers.database, console) { database in
      try await database.transaction { session in
        try session.query(RunRequest.withdrawing(job.name, of: job.instance)).affected
      }
    }
    guard count > 0 else {
      console.note("no run of \(job.qualified) is requested")
      return 1
    }
    try console.say("no run of \(printable(job.qualified)) is requested any more\n")
    return 0
  }
}

/// The lines that start a job now, on each platform that the project has files for.
struct StartLines {
  let job: String
  let instance: String
  let slot: Timestamp?

  var text: String {
    "Start it now (its own schedule starts it, too):\n"
      + lines.map { "  \(printable($0.line))\n" }.joined()
      + "On ECS: docs/operate.md#on-ecs.\n"
  }

  private var lines: [(place: String, line: String)] {
    let name = shellWord(job)
    var settings: [String] = []
    if !instance.isEmpty { settings.append("JOB_INSTANCE=\(shellWord(instance))") }
    if let slot { settings.append("JOB_SCHEDULED_AT=\(slot.rfc3339)") }
    let create = "kubectl -n oneshot create job --from=cronjob/\(name) \(name)-now"
    let kubectl =
      slot.map {
        create + " --dry-run=client -o yaml | kubectl set env --local -f - JOB_SCHEDULED_AT=\($0.rfc3339) -o yaml"
          + " | kubectl create -f -"
      } ?? create
    return [("Kubernetes", kubectl), ("a plain machine", (settings + [name]).joined(separator: " "))]
  }
}
