import Glibc

/// A place with what a job works on, and the real binary that does the work: how tests run it, stop it where they want
/// to, and kill it.
///
/// Each job's own fixture adds its tables and what should be in them.
package protocol JobFixture: Sendable {
  /// The binary's name.
  static var job: String { get }

  /// What is run; by default the binary that was built beside the tests.
  static var binary: Binary { get }

  var place: Place { get }

  /// What a run is told besides where the servers are.
  var settings: [String: String] { get }
}

extension JobFixture {
  package static var binary: Binary { Binary(job) }

  /// The lock of a run that is not one of several shards.
  package static var lockKey: String { "oneshot:lock:\(job)" }

  /// The moment that most runs are for: two in the morning, UTC.
  package static var now: String { "2025-11-08T02:00:00Z" }

  /// Forced, because these tests run for the same slot again and again.
  package var settings: [String: String] { ["JOB_SCHEDULED_AT": Self.now, "JOB_FORCE": "true"] }

  /// What leads a run here.
  package func environment(_ settings: [String: String] = [:]) -> [String: String] {
    place.environment.merging(self.settings) { $1 }.merging(settings) { $1 }
  }

  package func run(_ arguments: [String] = [], _ settings: [String: String] = [:]) async throws -> Binary.Outcome {
    try await Self.binary.run(arguments, environment(settings))
  }

  /// Starts a run that stands still after some lines of its log.
  package func start(_ settings: [String: String] = [:], after lines: Int) async throws -> SteppedRun {
    try await SteppedRun(Self.binary, environment(settings), after: lines)
  }

  /// Starts a run that stands still shortly after it has logged a text.
  package func start(_ settings: [String: String] = [:], past text: String) async throws -> SteppedRun {
    try await SteppedRun(Self.binary, environment(settings), past: text)
  }

  /// Starts a run that stands still where a query says true.
  package func start(_ settings: [String: String] = [:], until condition: String) async throws -> SteppedRun {
    let run = try await start(settings, after: 5)
    while try await place.value(condition) != "true" {
      guard !run.hasEnded else { throw TestFailure("the run ended before it got there") }
      try await run.step()
    }
    return run
  }

  /// Kills a run with -9, and does what the end of its lease does.
  package func kill(_ run: SteppedRun) async throws {
    run.process.send(SIGKILL)
    _ = await run.process.outcome()
    try await endOfKilled()
  }

  /// Starts a run and kills it after some lines of its log.
  ///
  /// - Returns: whether it had not ended by then.
  package func kill(_ settings: [String: String], after lines: Int) async throws -> Bool {
    let run = try await start(settings, after: lines)
    guard !run.hasEnded else { return false }
    try await kill(run)
    return true
  }

  /// Starts a run and kills it shortly after it has logged a text.
  package func kill(_ settings: [String: String], past text: String) async throws {
    try await kill(start(settings, past: text))
  }

  /// Waits until nothing of a killed run is left on the servers, and does what the end of its lease does.
  package func endOfKilled() async throws {
    // The server rolls back what it had open once it notices the end of the connection.
    try await eventually {
      try await place.value(
        "select count(*) from pg_stat_activity where application_name = 'oneshot' and datname = current_database()")
        == "0"
    }
    try await place.redis("DEL", Self.lockKey)
  }
}

extension Binary.Outcome {
  package func count(_ name: String) -> Int? { result["counts", name].int }
}
