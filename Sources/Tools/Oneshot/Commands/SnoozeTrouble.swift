import JobRuntime
import Operations
import Postgres

/// `oneshot snooze JOB KIND`: silences one kind of trouble of a job for a while.
struct SnoozeTrouble: Command {
  static let name = "snooze"
  static let summary = "silence one kind of trouble of a job for a while"
  static let discussion =
    """
    Until then it is still shown, by health and on the page, but oneshot health and job-doctor do not count it in their \
    exit codes, and no receiver is notified that it began. That it is over is still reported. Other kinds of trouble of \
    the job call as before. If it is still there when the snooze ends, receivers are notified again. A second snooze \
    replaces the first. Jobs run as before: oneshot pause keeps one from starting.
    """

  private let target: SnoozeTarget
  private let end: EndOption
  private let reason: String?
  private let by: Doer

  init(from arguments: inout Arguments, _ env: inout Environment) {
    end = EndOption(from: &arguments, of: "the snooze")
    reason = reasonOption(from: &arguments)
    by = Doer(from: &arguments, &env)
    target = SnoozeTarget(from: &arguments, &env)
  }

  func run(_ console: Console, on servers: DatabaseServer) async throws -> Int32 {
    let target = try target.checked()
    let by = by.name(console)
    let (snooze, isOpen) = try await withLedger(servers.database, console) { database in
      let moment = end.moment(at: console.now)
      return try await database.transaction { session in
        (
          try session.query(Snooze.silencing(target, until: moment, by: by, reason: reason)).first
            .map { row in try Snooze(row: row) },
          try session.query(Snooze.isOpen(target)).only().value("is_open", as: Bool.self)
        )
      }
    }
    guard let snooze else { throw isOver(end.moment(at: console.now)) }
    try console.say(printable("\(snooze.name) is snoozed until \(snooze.end.rfc3339), \(snooze.origin)") + "\n")
    if !isOpen {
      console.note("job-doctor has no open incident of it now; is it what `oneshot health` shows?")
    }
    return 0
  }
}

/// `oneshot unsnooze JOB KIND`: lets a trouble call again.
struct UnsnoozeTrouble: Command {
  static let name = "unsnooze"
  static let summary = "end a snooze early"
  static let discussion =
    "If the trouble is still there, the next run of job-doctor notifies receivers again. Ends with 1 where it was not snoozed."

  private let target: SnoozeTarget

  init(from arguments: inout Arguments, _ env: inout Environment) { target = SnoozeTarget(from: &arguments, &env) }

  func run(_ console: Console, on servers: DatabaseServer) async throws -> Int32 {
    let target = try target.checked()
    let count = try await withLedger(servers.database, console) { database in
      try await database.transaction { session in try session.query(Snooze.ending(target)).affected }
    }
    guard count > 0 else {
      console.note("\(target.job) \(target.kind.rawValue) is not snoozed; oneshot health lists what is")
      return 1
    }
    try console.say(printable("\(target.job) \(target.kind.rawValue) is snoozed no more") + "\n")
    return 0
  }
}

/// One kind of trouble of a job, as `snooze` and `unsnooze` name it.
private struct SnoozeTarget: Sendable {
  private let instance: String
  private let variant: String?
  private let job: String
  private let kind: Trouble.Kind?

  init(from arguments: inout Arguments, _ env: inout Environment) {
    instance = instanceOption(from: &arguments, &env, help: "the job of this installation") ?? ""
    variant = arguments.optionalText(
      "variant", .text("VARIANT"), help: "only of this variant; --variant= for the one without a name")
    if variant == Snooze.anyVariant { arguments.complain("--variant: leave it out for all variants") }
    job = arguments.operand(.job, help: "the job, also one that job-exec runs")
    kind = arguments.choiceOperand(of: Trouble.Kind.self, help: "the trouble, as `oneshot health` names it")
  }

  /// - Throws: never once the arguments were found right: a missing kind was reported with them.
  func checked() throws -> Snooze.Target {
    guard let kind else { throw JobFailure(.usage, "the kind of the trouble is missing") }
    return Snooze.Target(instance: instance, job: job, variant: variant, kind: kind)
  }
}
