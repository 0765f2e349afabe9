import Foundation
import Redis
import TestSupport
import Testing

/// Real results of every status against docs/result.schema.json, by Python's jsonschema.
@Suite(.timeLimit(.minutes(10))) struct SchemaTests {
  private let job = Binary("usage-aggregation")
  private let now = ["JOB_SCHEDULED_AT": "2025-11-08T02:00:00Z"]

  private func complaint(about line: String) async throws -> String {
    try await JSONSchema("result.schema.json").complaint(about: line)
  }

  private func expect(_ run: Binary.Outcome, _ status: String, _ kind: String? = nil) async throws {
    #expect(run.result["status"].string == status)
    #expect(run.result["error", "kind"].string == kind)
    #expect(run.result["exit_code"].int == Int(run.exitCode))
    #expect(try await complaint(about: run.output) == "")
  }

  @Test func `a line that breaks the schema is told`() async throws {
    #expect(try await complaint(about: "{}") != "")
    let place = try await Place()
    let line = try await job.run([], place.environment).output
    #expect(try await complaint(about: line.replacing("\"exit_code\":0", with: "\"exit_code\":65")) != "")
  }

  @Test func `succeeded, skipped, partial and plan`() async throws {
    let place = try await Place()
    let settings = place.environment.merging(now) { $1 }
    try await place.redis("SET", "usage:m:2025-11-07:x", "5")
    try await expect(try await job.run(["--plan"], settings), "succeeded")
    try await expect(try await job.run(["--check"], settings), "succeeded")
    try await expect(try await job.run([], settings), "succeeded")
    try await expect(try await job.run([], settings), "skipped")
    try await expect(try await job.run([], settings.merging(["USAGE_MODE": "status"]) { $1 }), "succeeded")
    try await place.redis("SET", "usage:m:2025-11-07:y", "no \"number\"\n")
    let open = settings.merging(["JOB_FORCE": "true", "USAGE_DAYS": "2025-11-07"]) { $1 }
    try await expect(try await job.run([], open), "partial")
    try await place.redis("SET", "oneshot:lock:usage-aggregation", "{\"not\": ours \u{1} é")
    try await expect(try await job.run([], open), "skipped")
  }

  @Test func `every failure that a setting or a server can cause`() async throws {
    let place = try await Place()
    let dead = place.environment.merging(["REDIS_URL": "unix:///nowhere/s", "JOB_ATTEMPTS": "1"]) { $1 }
    try await expect(try await job.run(["--what"]), "failed", "usage")
    try await expect(try await job.run(), "failed", "misconfigured")
    try await expect(try await job.run([], dead), "failed", "unavailable")
    let empty = try await Place(migrated: false)
    try await expect(try await job.run([], empty.environment), "failed", "misconfigured")
    let role = place.own("nobody")
    try await place.execute("create role \(role) login")
    let url = place.databaseURL.replacing(/user=[a-z]+/, with: "user=\(role)")
    try await expect(
      try await job.run([], place.environment.merging(["DATABASE_URL": url]) { $1 }), "failed", "denied")
  }

  @Test func `lost leadership, deadline and signals`() async throws {
    let place = try await Place()
    let fenced = try await BlockedRun(at: .planning, in: place, now)
    try await place.execute("update oneshot.fences set token = token + 1")
    try await place.redis("SET", "usage:m:2025-11-07:x", "5")
    try await fenced.letGo()
    try await expect(await fenced.process.outcome(), "failed", "fenced")

    let lost = try await BlockedRun(at: .writing, in: place, now.merging(["JOB_LOCK_TTL": "6s"]) { $1 })
    try await place.redis("DEL", "oneshot:lock:usage-aggregation")
    try await expect(await lost.process.outcome(), "failed", "lock_lost")
    try await lost.letGo()

    let late = try await BlockedRun(at: .writing, in: place, now.merging(["JOB_TIMEOUT": "5s"]) { $1 })
    try await expect(await late.process.outcome(), "failed", "deadline")
    try await late.letGo()

    let stopped = try await BlockedRun(at: .writing, in: place, now)
    stopped.process.send(SIGTERM)
    try await expect(await stopped.process.outcome(), "interrupted")
    try await stopped.letGo()
  }
}
