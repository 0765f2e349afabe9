import Foundation
import Redis
import TestSupport
import Testing

/// The process between events, and what ends it or a run.
@Suite(.timeLimit(.minutes(10)), .enabled(if: LambdaEmulator.isThere)) struct LambdaLifeTests {
  private static let usage = [Binary("usage-aggregation").url.path, "handler"]

  /// A program under job-exec, which is started for each event.
  private func executing(_ script: String, in place: Place, _ settings: [String: String] = [:]) async throws
    -> LambdaEmulator
  {
    try await LambdaEmulator(
      [Binary("job-exec").url.path, "--name", "nightly-export", "--", "sh", "-c", script],
      place.environment.merging(["PATH": "/usr/bin:/bin"]) { $1 }.merging(settings) { $1 })
  }

  @Test func `two hundred events leave nothing in the process: no descriptor, no child, and it is the same one`()
    async throws
  {
    let lambda = try await LambdaEmulator(Self.usage, ["DATABASE_URL": "", "LAMBDA_FAILURES": "response"])
    // Without settings each run ends at once.
    #expect(try await lambda.invoke().json["errorType"].string == "Job.misconfigured")
    let loop = try lambda.loop()
    let descriptors = try LambdaEmulator.descriptors(of: loop)
    for number in 2...200 {
      let event = number.isMultiple(of: 3) ? "no event" : "{}"
      let type = number.isMultiple(of: 3) ? "Job.usage" : "Job.misconfigured"
      #expect(try await lambda.invoke(event).json["errorType"].string == type)
    }
    #expect(try lambda.loop() == loop)
    #expect(try LambdaEmulator.descriptors(of: loop) == descriptors)
    #expect(try LambdaEmulator.children(of: loop).isEmpty)
  }

  @Test func `between events it holds no connection, and an event after a freeze is a run like any`() async throws {
    let place = try await Place()
    let lambda = try await LambdaEmulator(
      Self.usage, place.environment.merging(["JOB_LOCK_TTL": "1s"]) { $1 })
    #expect(try await lambda.invoke().result["status"].string == "succeeded")
    let loop = try lambda.loop()
    kill(loop, SIGSTOP)
    let backends =
      "select count(*) from pg_stat_activity where application_name = 'oneshot' and datname = current_database()"
    try await eventually { try await place.value(backends) == "0" }
    #expect(try await place.redis("EXISTS", "oneshot:lock:usage-aggregation").integer == 0)
    // Longer than the lease.
    try await place.execute("select pg_sleep(2)")
    async let answer = lambda.invoke()
    try await place.execute("select pg_sleep(0.5)")
    kill(loop, SIGCONT)
    #expect(try await answer.result["status"].string == "succeeded")
    #expect(try lambda.loop() == loop)
  }

  @Test func `SIGTERM in a merge ends the run in order, and its answer says so`() async throws {
    let place = try await Place()
    try await place.redis(all: [RedisCommand("SET", "usage:acme:2025-11-07:api_calls", "12")])
    let blocker = try await OpenTransaction(in: place, "lock table merchant_usage in share mode")
    let lambda = try await LambdaEmulator(Self.usage, place.environment)
    async let answer = lambda.invoke(#"{"scheduled_at": "2025-11-08T02:00:00Z"}"#)
    try await eventually {
      try await place.value(
        """
        select exists (select from pg_stat_activity
          where application_name = 'oneshot' and wait_event_type = 'Lock' and datname = current_database())
        """) == "true"
    }
    kill(try lambda.loop(), SIGTERM)
    let stopped = try await answer
    #expect(stopped.json["errorType"].string == "Job.interrupted" && stopped.result["exit_code"].int == 143)
    #expect(try await place.value("select status from oneshot.job_runs") == "interrupted")
    #expect(try await place.redis("EXISTS", "oneshot:lock:usage-aggregation").integer == 0)
    try await blocker.rollBack()
  }

  @Test func `SIGTERM between events ends the process, and the next event has a new one`() async throws {
    let place = try await Place()
    let lambda = try await LambdaEmulator(Self.usage, place.environment)
    #expect(try await lambda.invoke().result["status"].string == "succeeded")
    let loop = try lambda.loop()
    kill(loop, SIGTERM)
    try await eventually { kill(loop, 0) != 0 }
    // The emulator answers one event with the end of the process.
    try await eventually { try await lambda.invoke().result["status"].string == "succeeded" }
    #expect(try lambda.loop() != loop)
  }

  @Test func `a run that is killed is an error of its own, and the next event is a run`() async throws {
    let place = try await Place()
    let blocker = try await OpenTransaction(in: place, "lock table oneshot.usage_days in access exclusive mode")
    let lambda = try await LambdaEmulator(Self.usage, place.environment.merging(["JOB_LOCK_TTL": "2s"]) { $1 })
    async let answer = lambda.invoke()
    try await place.until(key: "oneshot:lock:usage-aggregation", exists: true)
    let loop = try lambda.loop()
    // The keeper of its process group is the other one.
    let run = try #require(
      try LambdaEmulator.children(of: loop).first { number in
        FileManager.default.contents(atPath: "/proc/\(number)/comm").map { String(decoding: $0, as: UTF8.self) }
          != "oneshot-keeper\n"
      })
    kill(run, SIGKILL)
    let killed = try await answer
    #expect(killed.json["errorType"].string == "Job.killed" && killed.json["body"].string == "")
    #expect(killed.json["errorMessage"].string == "the run was killed by SIGKILL")
    try await blocker.rollBack()
    try await place.until(key: "oneshot:lock:usage-aggregation", exists: false)
    #expect(try await lambda.invoke().result["status"].string == "succeeded")
    #expect(try lambda.loop() == loop)
  }

  @Test func `a run that is killed where the function has no memory left gets the hint`() async throws {
    // What the binary has in use anyway is more than nine tenths of this.
    let lambda = try await executing(
      "kill -KILL $PPID", in: Place(), ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "8"])
    let answer = try await lambda.invoke()
    #expect(answer.json["errorType"].string == "Job.killed")
    #expect(answer.json["errorMessage"].string?.contains("Give the function more memory") == true, "\(answer.text)")
  }

  @Test func `a program under job-exec is a function, too, and its line of 300 KB is no danger to the answer`()
    async throws
  {
    let lambda = try await executing("head -c 300000 /dev/zero | tr '\\0' '\"'; exit 3", in: Place())
    let answer = try await lambda.invoke()
    #expect(answer.json["errorType"].string == "Job.program" && answer.text.utf8.count <= 250_000)
    #expect(answer.result["job"].string == "nightly-export" && answer.result["exit_code"].int == 70)
  }

  @Test func `each run is a process of its own without the address of the runtime interface`() async throws {
    let lambda = try await executing("test -z \"${AWS_LAMBDA_RUNTIME_API-}\"", in: Place())
    #expect(try await lambda.invoke().result["status"].string == "succeeded")
  }
}
