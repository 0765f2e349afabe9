import Foundation
import Redis
import TestSupport
import Testing

/// `JOB_STATSD`, to a real socket.
@Suite(.timeLimit(.minutes(10))) struct StatsDTests {
  private let job = Binary("usage-aggregation")

  @Test(arguments: ["127.0.0.1", "localhost", "[::1]"])
  func `one datagram tells how the run went`(host: String) async throws {
    let place = try await Place()
    let agent: DatagramSocket
    do { agent = try DatagramSocket(isV6: host == "[::1]") } catch {
      skipped("DogStatsD over \(host)", because: "\(error)")
      return
    }
    let settings = ["JOB_STATSD": "\(host):\(agent.port)", "USAGE_DAYS": "2025-11-07"]
    try await place.redis("SET", "usage:m:2025-11-07:x", "5")
    try await place.redis("SET", "usage:m:2025-11-07:y", "no number")
    let run = try await job.run([], place.environment.merging(settings) { $1 })
    #expect(run.exitCode == 65 && !run.errors.contains("could not be delivered"))
    let datagram = try #require(agent.next())
    #expect(datagram.utf8.count <= 1432)
    let lines = datagram.split(separator: "\n").map { String($0) }
    #expect(
      lines.allSatisfy {
        $0.wholeMatch(of: #/[a-z_]+:[0-9.]+\|[cg]\|#job_name:usage-aggregation,server:[^,]+(,status:[a-z]+)?/#) != nil
      })
    let tag = "#job_name:usage-aggregation,server:\(place.redis.identity)"
    for line in [
      "job_runs_total:0|c|\(tag),status:succeeded", "job_runs_total:1|c|\(tag),status:partial",
      "job_runs_total:0|c|\(tag),status:failed", "job_runs_total:0|c|\(tag),status:interrupted",
      "job_last_success_timestamp:0|g|\(tag)", "job_health:0|g|\(tag)", "job_consecutive_failures:1|g|\(tag)",
      "job_dlq_messages_total:1|c|\(tag)",
    ] {
      #expect(lines.contains(line), "\(line)")
    }
    #expect(lines.count == 10)
    #expect(agent.next() == nil)
  }

  @Test func `counters add up at the agent to what the ledger says`() async throws {
    let place = try await Place()
    let agent = try DatagramSocket()
    let settings = place.environment.merging(["JOB_STATSD": "127.0.0.1:\(agent.port)"]) { $1 }
    for _ in 0..<3 { #expect(try await job.run([], settings).exitCode == 0) }
    var sum = 0
    while let datagram = agent.next() {
      sum += datagram.contains(/job_runs_total:1\|c\|#job_name:usage-aggregation,server:[^,]+,status:succeeded/) ? 1 : 0
    }
    #expect(try await place.value("select succeeded from oneshot.job_totals") == "\(sum)")
  }
}
