import Foundation
import Postgres
import Redis
import TestSupport
import Testing

/// One run at a time, whoever else locks.
@Suite(.timeLimit(.minutes(10))) struct LockTests {
  private let lockKey = "oneshot:lock:usage-aggregation"

  @Test func `of two at once one works and the other names the holder`() async throws {
    let place = try await Place()
    let run = try await BlockedRun(at: .planning, in: place)
    let second = try await Binary("usage-aggregation").run([], place.environment)
    #expect(second.exitCode == 0)
    #expect(second.result["status"].string == "skipped")
    #expect(second.result["reason"].string == "locked")
    let holder = ResultLine(text: second.result["details", "holder"].string ?? "")
    #expect(holder["pid"].int == Int(run.process.processID))
    #expect(holder["run_id"].isThere && holder["host"].isThere && holder["since"].isThere)
    try await run.letGo()
    let first = await run.process.outcome()
    #expect(first.exitCode == 0)
    #expect(first.result["run_id"].string == holder["run_id"].string)
    #expect(try await place.redis("EXISTS", lockKey).integer == 0)
  }

  @Test func `of twenty at once exactly one works at a time, and the data is right`() async throws {
    let place = try await Place()
    try await place.redis(all: (0..<500).map { RedisCommand("SET", "usage:m\($0):2025-11-07:x", "\($0)") })
    let settings = ["JOB_SCHEDULED_AT": "2025-11-08T02:00:00Z", "JOB_LOCK_MIN_HOLD": "30s"]
    let environment = place.environment.merging(settings, uniquingKeysWith: { $1 })
    let runs = try (0..<20).map { _ in try Binary("usage-aggregation").start([], environment) }
    var statuses: [String: Int] = [:]
    for run in runs {
      let outcome = await run.outcome()
      #expect(outcome.exitCode == 0)
      statuses[outcome.result["status"].string ?? "none", default: 0] += 1
    }
    #expect(statuses == ["succeeded": 1, "skipped": 19])
    #expect(try await place.value("select count(*) || ' ' || sum(value) from merchant_usage") == "500 124750")
  }

  @Test func `redis-py's Lock keeps the job out, and the job keeps it out`() async throws {
    let place = try await Place()
    let parts = place.redisURL.split(separator: "?db=").map(String.init)
    // It tells through Redis whether it got the lock, and gives it back once it is told to.
    let script = """
      import redis, sys, time
      client = redis.Redis(unix_socket_path=sys.argv[1], db=int(sys.argv[2]))
      lock = redis.lock.Lock(client, "\(lockKey)", timeout=60)
      client.set("acquired", str(lock.acquire(blocking=False)))
      while not client.exists("done"): time.sleep(0.01)
      if lock.owned(): lock.release()
      """
    func tryPython(_ body: (String?) async throws -> Void) async throws {
      try await place.redis("DEL", "acquired", "done")
      let process = try Binary(path: "/usr/bin/python3").start(
        ["-c", script, String(parts[0].dropFirst("unix://".count)), parts[1]])
      try await place.until(key: "acquired", exists: true)
      try await body(try await place.redis("GET", "acquired").text)
      try await place.redis("SET", "done", "1")
      #expect(await process.outcome().exitCode == 0)
    }

    try await tryPython { acquired in
      #expect(acquired == "True")
      let run = try await Binary("usage-aggregation").run([], place.environment)
      #expect(run.result["reason"].string == "locked")
    }
    #expect(try await Binary("usage-aggregation").run([], place.environment).result["status"].string == "succeeded")

    let run = try await BlockedRun(at: .planning, in: place)
    try await tryPython { acquired in #expect(acquired == "False") }
    try await run.letGo()
    #expect(await run.process.outcome().exitCode == 0)
  }

  @Test func `the lock is renewed for as long as the run lasts`() async throws {
    let place = try await Place()
    let run = try await BlockedRun(at: .planning, in: place, ["JOB_LOCK_TTL": "6s"])
    // Renewed more often than twice: without renewal the key would be gone by then.
    var renewals = 0
    var left = Int64.max
    while renewals < 6 {
      let now = try await place.redis("PTTL", lockKey).integer ?? -2
      try #require(now > 0, "the key is gone")
      if now > left { renewals += 1 }
      left = now
    }
    try await run.letGo()
    #expect(await run.process.outcome().exitCode == 0)
  }

  @Test func `3: a platform's slot is done once, whoever starts it again`() async throws {
    let place = try await Place()
    let slot = place.environment.merging(["JOB_SCHEDULED_AT": "2025-11-08T02:00:00Z"]) { $1 }
    let first = try await Binary("usage-aggregation").run([], slot)
    #expect(first.result["status"].string == "succeeded")
    let second = try await Binary("usage-aggregation").run([], slot)
    #expect(second.exitCode == 0)
    #expect(second.result["status"].string == "skipped")
    #expect(second.result["reason"].string == "already_done")
    #expect(second.result["details", "done_by"].string == first.result["run_id"].string)
    #expect(try await place.value("select count(*) from oneshot.job_runs") == "1")
    let forced = try await Binary("usage-aggregation").run([], slot.merging(["JOB_FORCE": "true"]) { $1 })
    #expect(forced.result["status"].string == "succeeded")
    #expect(forced.result["attempt"].int == 2)
  }

  @Test func `the clock's moment is never taken for a duplicate`() async throws {
    let place = try await Place()
    for _ in 0..<2 {
      let run = try await Binary("usage-aggregation").run([], place.environment)
      #expect(run.result["status"].string == "succeeded")
      #expect(run.result["scheduled_by"].string == "clock")
    }
  }
}
