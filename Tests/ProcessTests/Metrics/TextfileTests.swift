import Foundation
import Redis
import TestSupport
import Testing

/// `JOB_METRICS_FILE`, by Prometheus' own programs.
@Suite(.timeLimit(.minutes(10))) struct TextfileTests {
  @Test func `promtool is heard when something is wrong`() async throws {
    #expect(try await complaint(ofPromtool: "job_x_total 1\n") != "")
    #expect(try await complaint(ofPromtool: "job_x{a=\"1} 1\n") != "")
  }

  @Test func `the first run tells all seven, zeros included, and promtool finds nothing wrong`() async throws {
    let here = try await Measured()
    defer { here.remove() }
    try await here.place.redis("SET", "usage:m:2025-11-07:x", "5")
    let run = try await here.run(["JOB_SCHEDULED_AT": "2025-11-08T02:00:00Z", "USAGE_DAYS": "2025-11-07"])
    #expect(run.exitCode == 0 && !run.errors.contains("could not be delivered"))
    var samples = try here.samples()
    let duration = try #require(samples.removeValue(forKey: "job_duration_seconds").flatMap(Double.init))
    #expect(abs(duration * 1000 - Double(run.result["duration_ms"].int ?? -1)) < 1)
    let lastSuccess = samples.removeValue(forKey: "job_last_success_timestamp")
    #expect(
      try await here.place.value("select floor(extract(epoch from finished_at)) from oneshot.job_runs") == lastSuccess)
    #expect(
      samples == [
        "job_runs_total succeeded": "1", "job_runs_total partial": "0", "job_runs_total failed": "0",
        "job_runs_total interrupted": "0", "job_health": "1", "job_consecutive_failures": "0",
        "job_items_processed": "1", "job_dlq_messages_total": "0",
      ])
    #expect(try await complaint(ofPromtool: here.text()) == "")
    #expect(try FileManager.default.contentsOfDirectory(atPath: here.folder.path) == ["job.prom"])
  }

  @Test func `counters are right after runs of all kinds, and never go down when rows leave the ledger`() async throws {
    let here = try await Measured()
    defer { here.remove() }
    let day = ["USAGE_DAYS": "2025-11-07"]
    try await here.run(day)
    #expect(try here.counts() == [1, 0, 0, 0, 0])

    try await here.place.redis("SET", "usage:m:2025-11-07:x", "no number")
    #expect(try await here.run(day).exitCode == 65)
    #expect(try here.counts() == [1, 1, 0, 0, 1])
    #expect(try here.samples()["job_dlq_messages_total"] == "1")
    #expect(try here.samples()["job_health"] == "0")

    try await here.place.execute("alter table merchant_usage rename to elsewhere")
    #expect(try await here.run(day).exitCode == 78)
    #expect(try here.counts() == [1, 1, 1, 0, 2])
    try await here.place.execute("alter table elsewhere rename to merchant_usage")

    let stopped = try await here.blockedRun()
    stopped.process.send(SIGTERM)
    #expect(await stopped.process.outcome().exitCode == 143)
    try await stopped.letGo()
    #expect(try here.counts() == [1, 1, 1, 1, 3])

    let killed = try await here.blockedRun()
    killed.process.send(SIGKILL)
    _ = await killed.process.outcome()
    try await killed.letGo()
    #expect(try here.counts() == [1, 1, 1, 1, 3], "the killed one could not tell")
    try await here.place.redis("DEL", "oneshot:lock:usage-aggregation")
    #expect(try await here.run(day).exitCode == 65)
    #expect(try here.counts() == [1, 2, 2, 1, 5])
    // Also of the run that failed later, at the table.
    #expect(try here.samples()["job_dlq_messages_total"] == "3")

    try await here.place.execute("update oneshot.job_runs set started_at = started_at - interval '100 days'")
    try await here.place.redis("DEL", "usage:m:2025-11-07:x")
    #expect(try await here.run(day).exitCode == 0)
    #expect(try here.counts() == [2, 2, 2, 1, 0])
    #expect(try here.samples()["job_health"] == "1")
    // Rows of other work (the two that were blocked did every day) are for its own runs to remove.
    #expect(try await here.place.value("select count(*) from oneshot.job_runs where variant <> ''") == "1")
    #expect(try await complaint(ofPromtool: here.text()) == "")
  }

  @Test func `runs that did nothing of their own tell nothing`() async throws {
    let here = try await Measured()
    defer { here.remove() }
    let slot = ["JOB_SCHEDULED_AT": "2025-11-08T02:00:00Z"]
    try await here.run(slot, ["--plan"])
    try await here.run(slot, ["--check"])
    try await here.run(["USAGE_MODE": "status"])
    #expect(try await here.run(["JOB_TIMEOUT": "x"]).exitCode == 78)
    #expect(!FileManager.default.fileExists(atPath: here.file))
    let blocked = try await here.blockedRun(slot)
    #expect(try await here.run(slot).result["reason"].string == "locked")
    #expect(!FileManager.default.fileExists(atPath: here.file))
    try await blocked.letGo()
    #expect(await blocked.process.outcome().exitCode == 0)
    let text = try here.text()
    #expect(try await here.run(slot).result["reason"].string == "already_done")
    #expect(try here.text() == text)
  }

  @Test func `a run that does not reach Postgres tells what it knows and keeps the rest`() async throws {
    let here = try await Measured()
    defer { here.remove() }
    let dead = ["DATABASE_URL": "postgresql://127.0.0.1:1/x", "JOB_ATTEMPTS": "1"]
    #expect(try await here.run(dead).exitCode == 69)
    #expect(Set(try here.samples().keys) == ["job_duration_seconds", "job_health", "job_items_processed"])
    #expect(try await complaint(ofPromtool: here.text()) == "")

    #expect(try await here.run().exitCode == 0)
    let good = try here.samples()
    #expect(try await here.run(dead).exitCode == 69)
    var bad = try here.samples()
    #expect(bad["job_health"] == "0")
    for name in ["job_health", "job_duration_seconds"] { bad[name] = good[name] }
    #expect(bad == good)
    #expect(try await complaint(ofPromtool: here.text()) == "")
    // What the file has of another Redis is not this one's to tell.
    #expect(try await here.run(["REDIS_URL": "unix:///nowhere/s", "JOB_ATTEMPTS": "1"]).exitCode == 69)
    #expect(Set(try here.samples().keys) == ["job_duration_seconds", "job_health", "job_items_processed"])
  }

  @Test func `node_exporter serves what two shards and a job that is whole wrote`() async throws {
    let here = try await Measured()
    defer { here.remove() }
    for index in ["0", "1"] {
      let run = try await here.run([
        "JOB_SHARD_COUNT": "2", "JOB_SHARD_INDEX": index,
        "JOB_METRICS_FILE": here.folder.appending(path: "\(index).prom").path,
      ])
      #expect(run.exitCode == 0)
    }
    #expect(try await here.run().exitCode == 0)
    let served = try await served(here)
    #expect(served.contains("node_textfile_scrape_error 0"))
    // The one that is whole counts on where shard 0 had been.
    for (shard, runs) in [(",shard=\"0\"", 1), (",shard=\"1\"", 1), ("", 2)] {
      let labels = "job_name=\"usage-aggregation\",server=\"\(here.place.redis.identity)\"\(shard)"
      #expect(served.contains { $0 == "job_runs_total{\(labels),status=\"succeeded\"} \(runs)" }, "\(labels)")
      #expect(served.contains { $0 == "job_health{\(labels)} 1" }, "\(labels)")
    }
    #expect(served.contains("# TYPE job_runs_total counter"))
  }

  private func served(_ here: Measured) async throws -> [Substring] {
    let exporter = try await ServerProcess("/usr/bin/prometheus-node-exporter") { port in
      [
        "--web.listen-address=127.0.0.1:\(port)", "--collector.disable-defaults", "--collector.textfile",
        "--collector.textfile.directory=\(here.folder.path)",
      ]
    }
    return try await exporter.get("/metrics").split(separator: "\n")
  }

  @Test func `of two Redis each has series of its own`() async throws {
    let here = try await Measured()
    defer { here.remove() }
    let other = try await RedisServer()
    #expect(try await here.run().exitCode == 0)
    let second = here.folder.appending(path: "other.prom").path
    for _ in 1...2 {
      #expect(try await here.run(["REDIS_URL": other.url, "JOB_METRICS_FILE": second]).exitCode == 0)
    }
    let served = try await served(here)
    #expect(served.contains("node_textfile_scrape_error 0"))
    for (server, runs) in [(here.place.redis.identity, 1), (other.address.identity, 2)] {
      let labels = "job_name=\"usage-aggregation\",server=\"\(server)\",status=\"succeeded\""
      #expect(served.contains { $0 == "job_runs_total{\(labels)} \(runs)" }, "\(labels): \(served)")
    }
  }

  @Test func `the collector may read the file whatever this process's mask is`() async throws {
    let here = try await Measured()
    defer { here.remove() }
    let job = Binary("usage-aggregation").url.path
    let run = try await Binary(path: "/bin/sh").run(["-c", "umask 077; exec \"$0\"", job], here.environment)
    #expect(run.exitCode == 0)
    let mode = try FileManager.default.attributesOfItem(atPath: here.file)[.posixPermissions] as? Int
    #expect(mode == 0o644)
  }

  @Test func `what the collector would see is never half a file`() async throws {
    let here = try await Measured()
    defer { here.remove() }
    try await here.run()
    let whole = try here.text().split(separator: "\n").count
    let runs = Task { for _ in 0..<10 { try await here.run() } }
    while try here.counts()[0] < 11 {
      #expect(try here.text().split(separator: "\n").count == whole)
      await Task.yield()
    }
    try await runs.value
  }
}
