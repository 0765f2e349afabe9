import Foundation
import Testing

@testable import JobRuntime

/// The seven series, and the three ways of writing them.
@Suite struct MetricsTests {
  private static let names = [
    "job_runs_total", "job_duration_seconds", "job_last_success_timestamp", "job_health", "job_consecutive_failures",
    "job_items_processed", "job_dlq_messages_total",
  ]

  private func metrics(
    _ status: RunStatus = .partial, job: String = "a-job", shard: Shard = Shard(index: 0, count: 1),
    instance: String = "", server: String = "", variant: String = "", isKnown: Bool = true
  ) -> Metrics {
    Metrics(
      identity: RunIdentity(instance: instance, job: job, server: server, variant: variant, shard: shard),
      status: status,
      finishedAt: Timestamp(microseconds: 1_762_567_200_123_456),
      duration: .milliseconds(1250), itemsProcessed: 2240, itemsFailed: 3,
      totals: isKnown
        ? RunTotals(
          runs: [.succeeded: 5, .partial: 2, .failed: 0, .interrupted: 1], consecutiveFailures: 1,
          lastSucceededAt: Timestamp(microseconds: 1_762_480_800_999_999), deadLetters: 17) : nil)
  }

  @Test func `counts and the age of what waits are told of jobs that have them, in CloudWatch each by its name`() {
    var metrics = metrics()
    metrics.counts = [.init(name: "sent", value: 12), .init(name: "held", value: 0)]
    metrics.oldestSeconds = 61.5
    let text = metrics.prometheusText()
    for line in [
      "# TYPE job_counts gauge\njob_counts{job_name=\"a-job\",count=\"sent\"} 12\njob_counts{job_name=\"a-job\",count=\"held\"} 0\n",
      "job_oldest_seconds{job_name=\"a-job\"} 61.5\n",
    ] { #expect(text.contains(line), "\(text)") }
    let emf = metrics.embeddedMetricFormat.text
    #expect(emf.contains("\"job_counts_sent\":12") && emf.contains("\"job_counts_held\":0"))
    #expect(emf.contains("{\"Name\":\"job_counts_sent\",\"Unit\":\"Count\"}") && !emf.contains("\"count\":"))
    #expect(metrics.dogStatsD().joined(separator: "\n").contains("job_counts:12|g|#job_name:a-job,count:sent"))
  }

  // MARK: Prometheus

  @Test func `a shard is told apart, on every line`() {
    let lines = metrics(shard: Shard(index: 2, count: 4)).prometheusText().split(separator: "\n")
    #expect(lines.filter { !$0.hasPrefix("#") }.allSatisfy { $0.contains(#"{job_name="a-job",shard="2""#) })
  }

  @Test func `what has totals of its own has labels of its own`() {
    let text = metrics(
      shard: Shard(index: 2, count: 4), instance: "staging", server: "cache:6379/0", variant: "pending"
    ).prometheusText()
    #expect(
      text.contains(
        #"job_health{job_name="a-job",job_instance="staging",server="cache:6379/0",variant="pending",shard="2"} 0"#),
      "\(text)")
  }

  @Test func `a file keeps no lines of other work: they are not this run's to tell`() {
    let others = [metrics(server: "b:6379/0"), metrics(), metrics(server: "a:6379/0", variant: "v")]
    let mine = metrics(server: "a:6379/0").prometheusText()
    let unknown = metrics(server: "a:6379/0", isKnown: false)
    for other in others { #expect(unknown.prometheusText(keeping: other.prometheusText()) == unknown.prometheusText()) }
    #expect(unknown.prometheusText(keeping: mine + others[0].prometheusText()) == mine)
  }

  @Test func `what is not known now stays what it was, and only that`() {
    let before = metrics().prometheusText() + "job_runs_totally{} 1\n# a remark\nanother_metric 5\n"
    var after = metrics(.failed, isKnown: false)
    after.duration = .seconds(9)
    let text = after.prometheusText(keeping: before)
    #expect(text == metrics().prometheusText().replacing(" 1.25\n", with: " 9\n"))
    // And again, from what it wrote itself.
    #expect(after.prometheusText(keeping: text) == text)
  }

  @Test func `what was never known is left out, its help too`() {
    let text = metrics(.succeeded, isKnown: false).prometheusText(keeping: "nonsense\n")
    let told = ["job_duration_seconds", "job_health", "job_items_processed"]
    #expect(Self.names.filter { text.contains($0) } == told)
    #expect(text.contains("job_health{job_name=\"a-job\"} 1\n"))
  }

  @Test func `label values are escaped as the format wants it, and may hold anything else`() {
    #expect(Metrics.escaped("a\"b\\c\nd") == #"a\"b\\c\nd"#)
    #expect(Metrics.escaped("\"\u{301}é😀\t") == "\\\"\u{301}é😀\t")
    for text in hostileTexts { #expect(!Metrics.escaped(text).utf8.contains(0x0A)) }
  }

  @Test func `health is the last run's, also when that is another one`() {
    func health(_ status: RunStatus, inARow: Int64?) -> Double? {
      var metrics = metrics(status, isKnown: inARow != nil)
      if let inARow { metrics.totals?.consecutiveFailures = inARow }
      return metrics.series.first { $0.name == "job_health" }?.samples.first?.value
    }
    #expect(health(.succeeded, inARow: 0) == 1 && health(.succeeded, inARow: nil) == 1)
    for status in [RunStatus.partial, .failed, .interrupted] {
      #expect(health(status, inARow: 1) == 0 && health(status, inARow: nil) == 0)
    }
    // Overtaken, and the newer one has succeeded meanwhile.
    #expect(health(.failed, inARow: 0) == 1)
  }

  @Test func `numbers are whole where they are, and never have an exponent`() {
    let texts = [0, 0.001, 1.25, 1_762_480_800, 9_007_199_254_740_991].map { Metrics.text(of: $0) }
    #expect(texts == ["0", "0.001", "1.25", "1762480800", "9007199254740991"])
  }

  // MARK: CloudWatch

  @Test func `an embedded metric document is what it should be`() throws {
    let json = metrics(shard: Shard(index: 3, count: 4)).embeddedMetricFormat
    #expect(
      json.text == #"""
        {"_aws":{"Timestamp":1762567200123,"CloudWatchMetrics":[\#
        {"Namespace":"oneshot","Dimensions":[["job_name","shard","status"]],\#
        "Metrics":[{"Name":"job_runs_total","Unit":"Count"}]},\#
        {"Namespace":"oneshot","Dimensions":[["job_name","shard"]],\#
        "Metrics":[{"Name":"job_duration_seconds","Unit":"Seconds"},\#
        {"Name":"job_last_success_timestamp","Unit":"Seconds"},{"Name":"job_health","Unit":"None"},\#
        {"Name":"job_consecutive_failures","Unit":"Count"},{"Name":"job_items_processed","Unit":"Count"},\#
        {"Name":"job_dlq_messages_total","Unit":"Count"}]}]},\#
        "job_name":"a-job","shard":"3","status":"partial","job_runs_total":2,"job_duration_seconds":1.25,\#
        "job_last_success_timestamp":1762480800,"job_health":0,"job_consecutive_failures":1,\#
        "job_items_processed":2240,"job_dlq_messages_total":17}
        """#)
  }

  @Test func `an alarm of CloudWatch may name the Redis or not`() {
    let text = metrics(server: "cache:6379/0").embeddedMetricFormat.text
    #expect(text.contains(#""Dimensions":[["job_name"],["job_name","server"]]"#), "\(text)")
    #expect(text.contains(#""Dimensions":[["job_name","status"],["job_name","server","status"]]"#), "\(text)")
    #expect(text.contains(#""server":"cache:6379/0""#), "\(text)")
  }

  @Test(arguments: [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("?>~é", "Pz5-w6k")])
  func `base64 is that of URLs`(text: String, encoded: String) {
    #expect(base64URL(text) == encoded)
  }

  @Test func `an embedded metric document leaves out what is not known`() {
    let text = metrics(.failed, isKnown: false).embeddedMetricFormat.text
    #expect(Self.names.filter { text.contains($0) } == ["job_duration_seconds", "job_health", "job_items_processed"])
    #expect(!text.contains("status"))
  }

  // MARK: DogStatsD

  @Test func `one datagram tells all: counters by what this run added, zeros included`() {
    #expect(
      metrics().dogStatsD() == [
        """
        job_runs_total:0|c|#job_name:a-job,status:succeeded
        job_runs_total:1|c|#job_name:a-job,status:partial
        job_runs_total:0|c|#job_name:a-job,status:failed
        job_runs_total:0|c|#job_name:a-job,status:interrupted
        job_duration_seconds:1.25|g|#job_name:a-job
        job_last_success_timestamp:1762480800|g|#job_name:a-job
        job_health:0|g|#job_name:a-job
        job_consecutive_failures:1|g|#job_name:a-job
        job_items_processed:2240|g|#job_name:a-job
        job_dlq_messages_total:3|c|#job_name:a-job
        """
      ])
  }

  @Test func `counters are told also when totals are not known`() {
    let text = metrics(.failed, isKnown: false).dogStatsD().joined()
    #expect(text.contains("job_runs_total:1|c|#job_name:a-job,status:failed") && text.contains("job_dlq_messages"))
    #expect(!text.contains("timestamp") && !text.contains("consecutive"))
  }

  @Test func `a datagram is no longer than the limit unless one line is, and no line is cut`() {
    let whole = metrics().dogStatsD().joined(separator: "\n")
    for limit in [1, 60, 100, 300, 1432] {
      let datagrams = metrics().dogStatsD(atMost: limit)
      #expect(datagrams.joined(separator: "\n") == whole)
      #expect(datagrams.allSatisfy { $0.utf8.count <= limit || !$0.contains("\n") })
    }
    #expect(metrics(job: String(repeating: "j", count: 200)).dogStatsD().count == 2)
  }

  @Test func `what is syntax to DogStatsD does not come through a tag`() {
    #expect(Metrics.tagValue("a,b|c#d\ne:f") == "a_b_c_d_e:f")
  }
}
