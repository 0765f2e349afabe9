import Redis
import TestSupport
import Testing

/// Jobs that an operator has paused.
@Suite(.timeLimit(.minutes(10))) struct PauseTests {
  private static let job = Binary("usage-aggregation")

  private func oneshot(_ words: [String], in place: Place) async throws -> Binary.Outcome {
    try await Binary("oneshot").run(words, place.environment)
  }

  @Test func `a paused job does nothing, says so and succeeds, until it is resumed`() async throws {
    let usage = try await Usage()
    try await usage.set(["m:2025-11-07:x": "5"])
    let paused = try await oneshot(
      ["pause", "usage-aggregation", "--for", "2h", "--reason", "moving", "--by", "ada"], in: usage.place)
    #expect(paused.exitCode == 0 && paused.output.contains("by ada: moving"), "\(paused.errors)")
    #expect(paused.errors.contains("no run of usage-aggregation is known here yet"))
    for variant in [[:], ["USAGE_DAYS": "yesterday"], ["JOB_SHARD_COUNT": "2", "JOB_SHARD_INDEX": "1"]] {
      let run = try await usage.run([], ["JOB_FORCE": "false"].merging(variant) { $1 })
      #expect(run.exitCode == 0 && run.result["status"].string == "skipped", "\(run.output)")
      #expect(run.result["reason"].string == "paused")
      #expect(run.result["details", "paused_by"].string == "ada")
      #expect(run.result["details", "pause_reason"].string == "moving")
      #expect(run.errors.contains("oneshot resume usage-aggregation"))
    }
    #expect(try await usage.place.value("select count(*) from oneshot.job_runs") == "0")
    #expect(try await usage.place.value("select count(*) from oneshot.fences") == "0")
    #expect(try await usage.place.redis("EXISTS", Usage.lockKey).integer == 0)

    let resumed = try await oneshot(["resume", "usage-aggregation"], in: usage.place)
    #expect(resumed.exitCode == 0 && resumed.output.contains("may start again"), "\(resumed.errors)")
    #expect(try await oneshot(["resume", "usage-aggregation"], in: usage.place).exitCode == 1)
    let run = try await usage.run([], ["JOB_FORCE": "false"])
    #expect(run.result["status"].string == "succeeded", "\(run.output)")
  }

  @Test func `a forced run, another job, another installation, and a pause that is over`() async throws {
    let place = try await Place()
    for words in [
      ["pause", "usage-aggregation", "--for", "1h"], ["pause", "job-doctor", "--for", "1h", "--instance", "staging"],
    ] { #expect(try await oneshot(words, in: place).exitCode == 0) }
    let forced = try await Self.job.run([], place.environment.merging(["JOB_FORCE": "true"]) { $1 })
    #expect(forced.result["status"].string == "succeeded", "\(forced.output)")
    #expect(try await Self.job.run([], place.environment).result["reason"].string == "paused")
    let staging = place.environment.merging(["JOB_INSTANCE": "staging"]) { $1 }
    #expect(try await Self.job.run([], staging).result["status"].string == "succeeded")
    #expect(try await Binary("job-doctor").run([], place.environment).result["status"].string == "succeeded")
    #expect(try await Binary("job-doctor").run([], staging).result["reason"].string == "paused")
    try await place.execute(
      "update oneshot.pauses set paused_at = now() - interval '2 hours', paused_until = now() - interval '1 second'")
    #expect(try await Self.job.run([], place.environment).result["status"].string == "succeeded")
  }

  @Test func `a run that is at work goes on, and one that plans is not kept from it`() async throws {
    let usage = try await Usage()
    try await usage.set(["m:2025-11-07:x": "5"])
    let run = try await usage.start(after: 5)
    #expect(try await oneshot(["pause", "usage-aggregation", "--for", "1h"], in: usage.place).exitCode == 0)
    let planned = try await usage.run(["--plan"], ["JOB_FORCE": "false"])
    #expect(planned.result["status"].string == "succeeded", "\(planned.output)")
    run.letGo()
    #expect(await run.process.outcome().result["status"].string == "succeeded")
  }

  @Test func `a role that was granted its rights before there were pauses still runs its job`() async throws {
    let usage = try await Usage()
    let restricted = try await usage.place.restricted("usage-aggregation")
    #expect(try await oneshot(["pause", "usage-aggregation", "--for", "1h"], in: usage.place).exitCode == 0)
    let run = try await Self.job.run([], restricted)
    #expect(run.result["reason"].string == "paused", "\(run.output)")
  }

  @Test(arguments: [
    ["pause", "reindex"], ["pause", "reindex", "--for", "1h", "--until", "2040-01-01T00:00:00Z"],
    ["pause", "reindex", "--until", "tomorrow"], ["pause", "reindex", "--until", "2020-01-01T00:00:00Z"],
    ["pause", "reindex", "--for", "0s"], ["pause", "--for", "1h"], ["resume"],
  ])
  func `a pause without an end, or with one that is past, is refused`(words: [String]) async throws {
    let place = try await Place()
    let ended = try await oneshot(words, in: place)
    #expect(ended.exitCode == 64 && !ended.errors.isEmpty, "\(ended.errors)")
    #expect(try await place.value("select count(*) from oneshot.pauses") == "0")
  }

  @Test func `a pause that is changed began when it began, and one after it begins anew`() async throws {
    let place = try await Place()
    _ = try await oneshot(["pause", "reindex", "--for", "1h"], in: place)
    try await place.execute("update oneshot.pauses set paused_at = now() - interval '1 day'")
    _ = try await oneshot(["pause", "reindex", "--for", "2h", "--by", "bob"], in: place)
    let old = "select paused_by || ' ' || (paused_at < now() - interval '23 hours') from oneshot.pauses"
    #expect(try await place.value(old) == "bob true")
    _ = try await oneshot(["resume", "reindex"], in: place)
    _ = try await oneshot(["pause", "reindex", "--for", "2h", "--by", "eve"], in: place)
    #expect(try await place.value(old) == "eve false")
  }
}
