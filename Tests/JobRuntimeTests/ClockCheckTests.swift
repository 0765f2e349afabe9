import Glibc
import Postgres
import Redis
import TestSupport
import Testing

@testable import JobRuntime

/// A host whose clock is another than the servers'.
@Suite(.timeLimit(.minutes(10))) struct ClockCheckTests {
  private static let now = Timestamp(seconds: Int64(time(nil)))

  private func run(
    _ arguments: [String] = [], in place: Place, _ settings: [String: String] = [:], off seconds: Int = 0
  ) async throws -> (result: RunResult, log: [String]) {
    let process = InProcess(
      arguments, place.environment.merging(settings) { $1 }, now: Self.now + .seconds(seconds))
    let job = SampleJob { run in
      let id = run.id.description
      try await run.transaction { tx in try tx.execute("insert into done (run) values (\(id))") }
    }
    let answer = await Invocation<SampleJob>(process.surroundings, making: { _ in job }).answer()
    guard case .result(let result) = answer else { throw TestFailure("no result") }
    return (result, process.log)
  }

  private func place() async throws -> Place {
    let place = try await Place()
    try await place.execute("create table done (run text)")
    return place
  }

  /// Whether a run has left anything, on either server.
  private func isUntouched(_ place: Place) async throws -> Bool {
    let left = try await place.value(
      """
      (select count(*) from done) + (select count(*) from oneshot.job_runs) + (select count(*) from oneshot.fences)
        + (select count(*) from oneshot.job_totals)
      """)
    let keys = try await place.redis("DBSIZE").integer
    return left == "0" && keys == 0
  }

  @Test(arguments: [-86_400, -900, 900, 86_400])
  func `a run is refused before it writes, and --plan before it looks`(seconds: Int) async throws {
    let place = try await place()
    // The lock is taken first, so Redis is the first that is asked; a run that only looks asks Postgres alone.
    for (settings, server) in [([:], "Redis"), (["JOB_DRY_RUN": "true"], "Postgres")] {
      let (result, _) = try await run(in: place, settings, off: seconds)
      #expect(result.exitCode == 75 && result.error?.kind == .clock, "\(result)")
      let message = result.error?.message ?? ""
      #expect(message.contains("that of \(server) says") && message.contains("JOB_CLOCK_TOLERANCE is 5m"), "\(message)")
      #expect(message.contains((Self.now + .seconds(seconds)).rfc3339))
    }
    #expect(try await isUntouched(place))
    // The setting decides.
    let patient = try await run(in: place, ["JOB_CLOCK_TOLERANCE": "2d"], off: seconds).result
    #expect(patient.status == .succeeded, "\(patient)")
  }

  @Test(arguments: [-120, 120]) func `clocks may be apart a little`(seconds: Int) async throws {
    #expect(try await run(in: place(), off: seconds).result.status == .succeeded)
  }

  @Test func `--check names every server whose clock disagrees`() async throws {
    let place = try await place()
    let (result, _) = try await run(["--check"], in: place, off: 86_400)
    #expect(result.exitCode == 75 && result.error?.kind == .clock)
    for server in ["Postgres", "Redis"] {
      #expect(result.errors.contains { $0.kind == "clock" && $0.message.contains("that of \(server) says") })
    }
    #expect(try await run(["--check"], in: place).result.status == .succeeded)
    #expect(try await isUntouched(place))
  }

  @Test(arguments: ["JOB_SCHEDULED_AT", "JOB_KUBERNETES_NAME"])
  func `a slot in the future is refused, whoever gives it`(setting: String) async throws {
    let place = try await place()
    let slot = Timestamp(seconds: Self.now.microseconds / 60_000_000 * 60 + 86_400)
    let name = setting == "JOB_SCHEDULED_AT" ? slot.rfc3339 : "sample-\(slot.microseconds / 60_000_000)"
    for (arguments, settings) in [([], [:]), ([], ["JOB_DRY_RUN": "true"]), (["--check"], [:])]
      as [([String], [String: String])]
    {
      let (result, _) = try await run(arguments, in: place, settings.merging([setting: name]) { $1 })
      #expect(result.exitCode == 75 && result.error?.kind == .clock, "\(result)")
      let message = result.error?.message ?? ""
      #expect(
        message.contains("the run is for \(slot.rfc3339) (\(setting)), which is in the future"), "\(message)")
    }
    #expect(try await isUntouched(place))
  }

  @Test func `a user of Redis that may not ask for the time leaves it to Postgres, with a warning`() async throws {
    let place = try await place()
    let user = place.own("timeless")
    try await place.redis("ACL", "SETUSER", user, "on", "nopass", "~*", "+@all", "-time")
    let settings = ["REDIS_URL": place.redisURL.replacing("unix://", with: "unix://\(user):any@")]
    let refused = try await run(in: place, settings, off: 86_400).result
    #expect(refused.error?.kind == .clock && refused.error?.message.contains("that of Postgres says") == true)
    #expect(try await isUntouched(place))
    let (result, log) = try await run(in: place, settings)
    #expect(result.status == .succeeded && log.contains { $0.contains("Redis does not report its time") }, "\(log)")
    let check = try await run(["--check"], in: place, settings).result
    #expect(
      check.exitCode == 77 && check.errors.map(\.message).allSatisfy { $0.contains("TIME is refused") }, "\(check)")
    try await place.redis("ACL", "DELUSER", user)
  }

  @Test func `what was answered late is compared with the time that the answer took`() {
    func failure(asked: Int64, answered: Int64, says moment: Int64) -> JobFailure? {
      ClockCheck(
        tolerance: .seconds(10), logicalTime: LogicalTime(moment: Timestamp(seconds: 0), source: .setting),
        requestedAt: Timestamp(seconds: asked), answeredAt: Timestamp(seconds: answered)
      ).failure("Redis", says: Timestamp(seconds: moment))
    }
    #expect(failure(asked: 100, answered: 200, says: 150) == nil)
    #expect(failure(asked: 100, answered: 200, says: 90) == nil && failure(asked: 100, answered: 200, says: 210) == nil)
    #expect(failure(asked: 100, answered: 200, says: 89) != nil && failure(asked: 100, answered: 200, says: 211) != nil)
    // A clock that was set back meanwhile agrees with nobody.
    #expect(failure(asked: 200, answered: 100, says: 150) != nil)
  }
}
