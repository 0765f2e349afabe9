import TestSupport
import Testing

@testable import JobRuntime

/// What monitoring systems know the series by.
///
/// Where the files of two releases lie side by side and a HELP text differs, node_exporter (1.5.0) leaves one file's
/// series out without a word: a change here is one of the interface.
@Suite struct GoldenMetricsTests {
  @Test func `names, types and HELP texts of all seven series are those of Tests-Golden`() throws {
    let metrics = Metrics(
      identity: RunIdentity(job: "a-job"), status: .partial, finishedAt: Timestamp(microseconds: 1_762_567_200_123_456),
      duration: .milliseconds(1250), itemsProcessed: 2240, itemsFailed: 3,
      totals: RunTotals(
        runs: [.succeeded: 5, .partial: 2, .failed: 0, .interrupted: 1], consecutiveFailures: 1,
        lastSucceededAt: Timestamp(microseconds: 1_762_480_800_999_999), deadLetters: 17))
    try checkGolden(metrics.prometheusText(), "runtime/metrics.prom")
  }
}
