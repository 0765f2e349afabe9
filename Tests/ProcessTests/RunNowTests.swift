import TestSupport
import Testing

/// Runs that an operator has requested.
@Suite(.timeLimit(.minutes(10))) struct RunNowTests {
  private let usage: Usage
  private let slot = "2025-11-08T02:00:00Z"

  init() async throws { usage = try await Usage() }

  private func oneshot(_ words: String...) async throws -> Binary.Outcome {
    try await Binary("oneshot").run(words, usage.place.environment)
  }

  /// How a run for the slot, as a scheduler starts it, ends: its reason, or else its status.
  private func run(_ settings: [String: String] = [:]) async throws -> String? {
    let run = try await usage.run(
      [], ["JOB_SCHEDULED_AT": slot, "JOB_FORCE": "false"].merging(settings) { $1 })
    return run.result["reason"].string ?? run.result["status"].string
  }

  @Test func `the next run does a slot that is done, and the one after it is a duplicate again`() async throws {
    #expect(try await run() == "succeeded")
    #expect(try await run() == "already_done")
    let asked = try await oneshot("run-now", "usage-aggregation", "--by", "ada", "--reason", "a bad counter")
    #expect(asked.exitCode == 0 && asked.output.contains(", by ada: a bad counter"), "\(asked.errors)")
    #expect(asked.output.contains("kubectl -n oneshot create job --from=cronjob/usage-aggregation"))
    let health = try await oneshot("health")
    #expect(health.output.contains("A run of usage-aggregation is requested until "), "\(health.output)")
    let again = try await usage.run([], ["JOB_SCHEDULED_AT": slot, "JOB_FORCE": "false"])
    #expect(again.result["status"].string == "succeeded" && again.result["attempt"].int == 2, "\(again.output)")
    #expect(again.errors.contains("somebody has requested this run") && again.errors.contains("a bad counter"))
    #expect(try await run() == "already_done")
    #expect(try await !oneshot("health").output.contains("is requested"))
    #expect(
      try await usage.place.value("select string_agg(forced::text, ' ' order by fence) from oneshot.job_runs")
        == "false true")
  }

  @Test func `each variant and shard does it once, and a run that failed leaves it to the next`() async throws {
    let kinds = [[:], ["USAGE_DAYS": "yesterday"], ["JOB_SHARD_COUNT": "2", "JOB_SHARD_INDEX": "1"]]
    for kind in kinds { #expect(try await run(kind) == "succeeded") }
    #expect(try await oneshot("run-now", "usage-aggregation").exitCode == 0)
    try await usage.place.execute("alter table merchant_usage rename to elsewhere")
    try await usage.set(["m:2025-11-07:x": "5"])
    #expect(try await run() == "failed")
    try await usage.place.execute("alter table elsewhere rename to merchant_usage")
    for kind in kinds {
      #expect(try await run(kind) == "succeeded")
      #expect(try await run(kind) == "already_done")
    }
  }

  @Test func `a run that started before the request does not count for it`() async throws {
    try await usage.set(["m:2025-11-07:x": "5"])
    let early = try await usage.start(["JOB_SCHEDULED_AT": slot], after: 5)
    #expect(try await oneshot("run-now", "usage-aggregation").exitCode == 0)
    early.letGo()
    #expect(await early.process.outcome().result["status"].string == "succeeded")
    #expect(try await run() == "succeeded")
    #expect(try await run() == "already_done")
  }

  @Test func `a request for one slot, one that is over, withdrawn, or of another installation changes nothing`()
    async throws
  {
    #expect(try await run() == "succeeded")
    let other = try await oneshot("run-now", "usage-aggregation", "--slot", "2025-11-09T02:00:00Z")
    #expect(other.output.contains("JOB_SCHEDULED_AT=2025-11-09T02:00:00Z usage-aggregation"), "\(other.output)")
    #expect(try await run() == "already_done")
    #expect(try await oneshot("run-now", "usage-aggregation", "--instance", "staging").exitCode == 0)
    #expect(try await oneshot("run-now", "usage-aggregation", "--withdraw").exitCode == 0)
    #expect(try await oneshot("run-now", "usage-aggregation", "--withdraw").exitCode == 1)
    #expect(try await run() == "already_done")
    #expect(try await oneshot("run-now", "usage-aggregation", "--slot", slot).exitCode == 0)
    try await usage.place.execute(
      "update oneshot.run_requests set requested_at = now() - interval '1 day', requested_until = now()")
    #expect(try await run() == "already_done")
  }

  @Test func `it does not go through a pause, and is refused for a paused job`() async throws {
    #expect(try await run() == "succeeded")
    #expect(try await oneshot("run-now", "usage-aggregation").exitCode == 0)
    #expect(try await oneshot("pause", "usage-aggregation", "--for", "1h").exitCode == 0)
    #expect(try await run() == "paused")
    let refused = try await oneshot("run-now", "usage-aggregation")
    #expect(refused.exitCode == 1 && refused.errors.contains("oneshot resume usage-aggregation"), "\(refused.errors)")
    #expect(try await oneshot("resume", "usage-aggregation").exitCode == 0)
    #expect(try await run() == "succeeded")
  }
}
