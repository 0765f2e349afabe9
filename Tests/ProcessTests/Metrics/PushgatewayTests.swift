import Foundation
import Redis
import TestSupport
import Testing

/// `JOB_PUSHGATEWAY_URL`, to Debian's real one.
@Suite(.timeLimit(.minutes(10)), .enabled(if: TraitBuild.isJobBuilt)) struct PushgatewayTests {
  private func gateway() async throws -> ServerProcess {
    try await ServerProcess("/usr/bin/prometheus-pushgateway") { ["--web.listen-address=127.0.0.1:\($0)"] }
  }

  /// The lines of our series, without the labels that all have.
  private func served(_ gateway: ServerProcess) async throws -> [String] {
    try await gateway.get("/metrics").split(separator: "\n").filter { $0.hasPrefix("job_") }.map {
      String($0).replacing(#"instance="",job="usage-aggregation",job_name="usage-aggregation""#, with: "…")
        .replacing(#/,server="[^"]*"/#, with: "")
    }
  }

  @Test func `all seven are there, and what a failed run does not know stays`() async throws {
    let place = try await Place()
    let gateway = try await gateway()
    let url = "http://user:hunter2222@127.0.0.1:\(gateway.port)/"
    let settings = place.environment.merging(["JOB_PUSHGATEWAY_URL": url, "JOB_LOG_LEVEL": "debug"]) { $1 }
    let good = try await TraitBuild.job.run([], settings)
    #expect(good.exitCode == 0 && !good.errors.contains("could not be delivered"))
    let lines = try await served(gateway)
    let lastSuccess = try #require(lines.first { $0.hasPrefix("job_last_success_timestamp{…}") })
    for line in [
      "job_runs_total{…,status=\"succeeded\"} 1", "job_runs_total{…,status=\"failed\"} 0", "job_health{…} 1",
      "job_consecutive_failures{…} 0", "job_items_processed{…} 0", "job_dlq_messages_total{…} 0",
    ] {
      #expect(lines.contains(line), "\(line)")
    }
    #expect(lines.count == 10)

    let dead = ["DATABASE_URL": "postgresql://127.0.0.1:1/x", "JOB_ATTEMPTS": "1"]
    let bad = try await TraitBuild.job.run([], settings.merging(dead) { $1 })
    #expect(bad.exitCode == 69 && !bad.errors.contains("could not be delivered"))
    let later = try await served(gateway)
    #expect(later.contains("job_health{…} 0") && later.contains(lastSuccess) && later.count == 10)
    #expect(!(good.output + good.errors + bad.output + bad.errors).contains("hunter2222"))
  }

  @Test func `shards have groups of their own`() async throws {
    let place = try await Place()
    let gateway = try await gateway()
    for index in ["0", "1"] {
      let settings = [
        "JOB_PUSHGATEWAY_URL": "http://127.0.0.1:\(gateway.port)", "JOB_SHARD_COUNT": "2", "JOB_SHARD_INDEX": index,
      ]
      #expect(try await TraitBuild.job.run([], place.environment.merging(settings) { $1 }).exitCode == 0)
    }
    let lines = try await served(gateway)
    #expect(lines.contains("job_health{…,shard=\"0\"} 1") && lines.contains("job_health{…,shard=\"1\"} 1"))
  }

  @Test func `two Redis have groups of their own, whatever their addresses hold`() async throws {
    let place = try await Place()
    let (gateway, other) = (try await gateway(), try await RedisServer())
    for url in [place.redisURL, other.url] {
      let settings = ["JOB_PUSHGATEWAY_URL": "http://127.0.0.1:\(gateway.port)", "REDIS_URL": url]
      let run = try await TraitBuild.job.run([], place.environment.merging(settings) { $1 })
      #expect(run.exitCode == 0 && !run.errors.contains("could not be delivered"), "\(run.errors)")
    }
    let lines = try await gateway.get("/metrics")
    for server in [place.redis.identity, other.address.identity] {
      #expect(lines.contains("job_name=\"usage-aggregation\",server=\"\(server)\"} 1"), "\(server): \(lines)")
    }
  }

  @Test func `only a binary with the trait needs libcurl`() async throws {
    let ldd = Binary(path: "/usr/bin/ldd")
    #expect(try await ldd.run([TraitBuild.job.url.path]).output.contains("libcurl"))
    #expect(try await !ldd.run([Binary("usage-aggregation").url.path]).output.contains("libcurl"))
  }
}
