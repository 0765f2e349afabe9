import JobRuntime
import Operations
import Postgres
import Redis

/// `oneshot health`: the state of each job, what is wrong, and what to do about it.
struct Health: Command {
  static let name = "health"
  static let summary = "say how each job is doing, and what is wrong"
  static let discussion =
    "Exit code 0 when all is well, 1 when something is wrong that is not snoozed. Where Redis is out of reach, only the ledger is checked, and the exit code is 69 unless something is wrong already. Schedules are not guessed: HEALTH_EXPECT declares them."

  private let isJSON: Bool
  private let isAll: Bool
  private let settings: HealthSettings

  init(from arguments: inout Arguments, _ env: inout Environment) {
    isJSON = arguments.flag("json", help: "one JSON document instead of tables")
    isAll = arguments.flag("all", help: "also jobs that are not expected and have not run for a week")
    var settings = HealthSettings(from: &env)
    settings.instance =
      instanceOption(
        from: &arguments, &env, help: "only what this installation runs, and those that HEALTH_EXPECT names") ?? ""
    self.settings = settings
  }

  func run(_ console: Console, on servers: Servers) async throws -> Int32 {
    let (facts, blindness) = try await look(servers, console)
    let judgement = Judgement(facts, settings)
    let verdict = judgement.verdict
    let all = judgement.facts.parts.filter { judgement.scope.contains($0.part.instance) }
    let view = HealthView(
      judgement: judgement, facts: judgement.facts, parts: isAll ? all : judgement.judgedParts,
      names: isAll ? PartNames(all.map(\.part)) : judgement.names, verdict: verdict,
      blindness: blindness.map(console.redacted))
    if isJSON { try console.say(view.json) } else { try console.say(view.text(width: console.width)) }
    if !verdict.troubles.isEmpty { return 1 }
    return blindness?.kind.exitCode ?? 0
  }

  /// - Returns: the facts, and why locks are missing from them.
  private func look(_ servers: Servers, _ console: Console) async throws -> (HealthFacts, blindness: JobFailure?) {
    var blindness: JobFailure?
    let facts = try await withLedger(servers.database, console) { database in
      try await HealthFacts(
        settings, everything: isAll, query: { statement in try await database.withSession { try $0.query(statement) } },
        redis: servers.redis.identity,
        locks: {
          do {
            return try await withRedis(servers.redis) { try await HeldLock.all(on: $0) }
          } catch {
            blindness = JobFailure(forOperators: error)
            return nil
          }
        })
    }
    return (facts, blindness)
  }
}
