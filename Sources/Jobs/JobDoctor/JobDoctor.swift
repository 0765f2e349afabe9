import JobRuntime
import Operations
import Postgres
import Redis

/// Looks at the runs of all other jobs, ends as partial when something is wrong, and notifies receivers once when it begins
/// and once when it is over.
///
/// - Reads and writes: the ledger, dead letters, locks in Redis; `oneshot.incidents`.
/// - Safe to run twice: an incident is opened once, and who was notified of it is noted.
/// - Safe to stop halfway: a notice that a receiver took and that was not noted is sent once more; none is lost.
/// - If it is late: what is wrong is found late. Who watches it: its exit code, and `JOB_HEARTBEAT_URL`.
@main
struct JobDoctor: Job {
  static let facts = JobFacts(
    name: JobPart.doctor,
    summary: "finds what is wrong with the runs of all jobs, and reports it",
    schema: [MigrationNeed("core", 7)],
    tables: [
      TableNeed(
        "oneshot.incidents",
        columns: [
          "incident_id", "instance", "job", "server", "variant", "shard", "kind", "unseen_since", "opening_told",
          "ending_told", "snoozed_until", "times_snoozed",
        ],
        privileges: [.select, .insert, .update, .delete])
    ])

  struct Settings: JobSettings {
    let health: HealthSettings
    let settle: Duration
    let source: String
    let receivers: [Receiver]

    init(from env: inout Environment) {
      health = HealthSettings(from: &env)
      settle = env.duration(
        "DOCTOR_SETTLE", default: .minutes(30), in: .zero ... .days(7),
        help:
          "How long a trouble has to stay away until its incident is over; what comes back sooner is the same incident."
      )
      source = env.string(
        "DOCTOR_SOURCE", default: "oneshot", help: "The name of this installation, with which messages begin.")
      receivers = Receiver.all(source: source, &env)
    }
  }

  let settings: Settings

  func run(_ run: JobRun) async throws -> Report {
    guard run.shard.isWhole else {
      throw JobFailure(
        .misconfigured, "JOB_SHARD_COUNT is \(run.shard.count), and one process looks at all jobs",
        hint: "Leave it unset.")
    }
    var health = settings.health
    health.instance = run.instance
    let judgement = Judgement(try await facts(run), health, by: Self.name)
    let verdict = judgement.verdict
    for trouble in verdict.troubles {
      run.log.warning(
        "something is wrong",
        [
          "part": .string(judgement.names[trouble.part]), "kind": .string(trouble.kind.rawValue),
          "since": .string(trouble.since.rfc3339), "what": .string(trouble.message),
        ])
    }
    var report = Report(
      verdict, named: judgement.names, parts: judgement.judgedParts.count,
      expected: settings.health.expectations.filter { $0.job != Self.name }.count)
    report.notInstalled = judgement.off
    guard !run.isDryRun else { return report }
    let change = try Incidents.update(verdict, by: judgement, settle: settings.settle, in: run.id)
    (report.opened, report.settling, report.over) = try await run.transaction { tx in
      let row = try tx.query(change).only()
      return (try row.value("opened"), try row.value("settling"), try row.value("closed"))
    }
    try run.checkpoint(report)
    let incidents = Incidents(verdict, by: judgement)
    for outcome in try await notify(incidents, run) { report.add(outcome) }
    return report
  }

  private func facts(_ run: JobRun) async throws -> HealthFacts {
    try await HealthFacts(
      settings.health, query: { statement in try await run.read(statement) }, redis: run.redisConnection.identity,
      locks: {
        try await run.retrying("looking at the locks") { try await HeldLock.all(on: run.redisConnection) }
      })
  }

  /// Notifies all receivers at once: one that is down must not keep the others waiting.
  private func notify(_ incidents: Incidents, _ run: JobRun) async throws -> [Notifier.Outcome] {
    try await withThrowingTaskGroup(of: Notifier.Outcome.self) { group in
      for receiver in settings.receivers {
        group.addTask { try await Notifier(receiver: receiver, incidents: incidents).carryOut(run) }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
  }
}

extension JobDoctor: Checkable {
  var needs: JobNeeds {
    var needs = Self.facts.needs
    let key = HeldLock.prefix + Self.name
    needs.redisTrials = [
      RedisCommand("SCAN", "0", "MATCH", key, "COUNT", "1"), RedisCommand("PTTL", key),
      RedisCommand("GETRANGE", key, "0", "0"),
    ]
    return needs
  }

  func check(_ run: JobRun) async throws -> [JobFailure] {
    await withTaskGroup(of: JobFailure?.self) { group in
      for receiver in settings.receivers {
        group.addTask {
          guard let failure = await receiver.trial(run) else { return nil }
          return JobFailure(
            failure.isRefusal ? .misconfigured : .unavailable,
            "\(receiver.setting): \(receiver.target) could not be reached: \(failure)",
            hint: "Nothing was sent. Correct the setting, or open the way there (docs/jobs/job-doctor.md).")
        }
      }
      return await group.reduce(into: []) { $0 += [$1].compactMap(\.self) }
    }
  }
}
