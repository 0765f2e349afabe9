import TestSupport
import Testing

/// A day that Postgres refuses is that day's failure; the other days are written.
@Suite(.timeLimit(.minutes(10))) struct DayFailureTests {
  private let counters = ["m:2025-11-02:x": "2", "m:2025-11-03:x": "3", "m:2025-11-04:x": "4"]

  /// `merchant_usage` as somebody makes it who keeps each day in a partition of its own.
  private func partitioned(_ days: [String]) async throws -> Usage {
    let usage = try await Usage()
    try await usage.place.execute(
      """
      create table by_day (like merchant_usage including all) partition by range (usage_date);
      drop table merchant_usage cascade;
      alter table by_day rename to merchant_usage;
      """)
    for day in days { try await addPartition(day, to: usage) }
    try await usage.set(counters)
    return usage
  }

  private func addPartition(_ day: String, to usage: Usage) async throws {
    try await usage.place.execute(
      """
      create table "usage_\(day)" partition of merchant_usage
      for values from ('\(day)') to ('\(day)'::date + 1)
      """)
  }

  @Test func `a day without a partition is a dead letter and the days around it are written`() async throws {
    let usage = try await partitioned(["2025-11-02", "2025-11-04"])
    let run = try await usage.run()
    #expect(run.exitCode == 65, "\(run.output)")
    #expect(try await usage.stored() == ["m:2025-11-02:x": "2", "m:2025-11-04:x": "4"])
    #expect(try await usage.deadLetters() == ["usage:*:2025-11-03:*": "no_partition/pending/1"])
    #expect(
      run.result["errors"][0]["message"].string
        == """
        merchant_usage has no partition for 2025-11-03, so none of that day's counters are written; create it: \
        no partition of relation "merchant_usage" found for row (SQLSTATE 23514)
        """
    )
    #expect(run.count("failed") == 1 && run.count("failed_days") == 1 && run.count("inserted") == 2)
    #expect(try await usage.completed() == ["2025-11-02", "2025-11-04"])

    try await addPartition("2025-11-03", to: usage)
    #expect(try await usage.run().exitCode == 0)
    #expect(try await usage.stored() == counters)
    #expect(try await usage.deadLetters() == ["usage:*:2025-11-03:*": "no_partition/resolved/1"])
    #expect(try await usage.completed() == ["2025-11-02", "2025-11-03", "2025-11-04"])
  }

  @Test func `a day that breaks a constraint is a dead letter that names it`() async throws {
    let usage = try await Usage()
    try await usage.place.execute("alter table merchant_usage add constraint plausible check (value <> 3)")
    try await usage.set(counters)
    let run = try await usage.run()
    #expect(run.exitCode == 65, "\(run.output)")
    #expect(try await usage.stored() == ["m:2025-11-02:x": "2", "m:2025-11-04:x": "4"])
    #expect(try await usage.deadLetters() == ["usage:*:2025-11-03:*": "day_refused/pending/1"])
    #expect(run.result["errors"][0]["message"].string?.contains("plausible") == true)
  }

  @Test func `a day whose letter is to be replayed is written by that run`() async throws {
    let usage = try await partitioned(["2025-11-02", "2025-11-04"])
    #expect(try await usage.run().exitCode == 65)
    try await addPartition("2025-11-03", to: usage)
    try await usage.place.askForReplay("--job", "usage-aggregation")
    let run = try await usage.run()
    #expect(run.exitCode == 0 && run.replayed == [1, 1, 0, 0], "\(run.output)")
    #expect(try await usage.stored() == counters)
  }
}
