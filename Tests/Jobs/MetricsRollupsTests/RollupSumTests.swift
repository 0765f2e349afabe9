import Foundation
import TestSupport
import Testing

/// Sums are exact, whatever the type and the order of what is added up.
@Suite(.timeLimit(.minutes(15))) struct RollupSumTests {
  private let rollups: Rollups

  init() async throws { rollups = try await Rollups() }

  private func sums(_ source: String = "metric_events", of metric: String) async throws -> [String] {
    try await rollups.place.rows(
      """
      select distinct granularity || ' ' || sum_exact || ' ' || sum as a from metric_rollups
      where source = '\(source)' and metric = '\(metric)' order by 1
      """
    ).map { $0[0] }
  }

  private func levels(_ sums: String) -> [String] { ["daily", "hourly", "monthly", "weekly"].map { "\($0) \(sums)" } }

  @Test func `thirty dimes are three, and what is small is not lost beside what is large`() async throws {
    try await rollups.place.execute(
      """
      insert into metric_events (metric, entity_type, entity_id, value, occurred_at)
      select 'dimes', 'user', 'x', 0.10, timestamptz '2025-11-07 10:00+00' from generate_series(1, 30)
      union all select 'large', 'user', 'x', unnest(array[1e17, 0.1, -1e17, 0.2]), timestamptz '2025-11-07 10:00+00'
      union all select 'whole', 'user', 'x', 9007199254740992, timestamptz '2025-11-07 10:00+00' from generate_series(1, 3)
      union all select 'small', 'user', 'x', 1e-300, timestamptz '2025-11-07 10:00+00' from generate_series(1, 3)
      """)
    #expect(try await rollups.run().exitCode == 0)
    #expect(try await sums(of: "dimes") == levels("3 3"))
    #expect(try await sums(of: "large") == levels("0.3 0.3"))
    #expect(try await sums(of: "whole") == levels("27021597764222976 2.7021597764222976e+16"))
    #expect(try await sums(of: "small").count { $0.hasSuffix("3 3e-300") } == 4)
  }

  @Test func `the last bit of a sum of doubles does not depend on their order`() async throws {
    // The same numbers, as they come and sorted.
    try await rollups.place.execute(
      """
      create temporary table numbers as
      select random() * power(10, g % 12) * (g % 3 - 1) as value from generate_series(1, 3000) g;
      insert into metric_events (metric, entity_type, entity_id, value, occurred_at)
      select 'm', 'order', 'as they come', value, '2025-11-07 10:00+00' from numbers;
      insert into metric_events (metric, entity_type, entity_id, value, occurred_at)
      select 'm', 'order', 'sorted', value, '2025-11-07 10:00+00' from numbers order by value
      """)
    #expect(try await rollups.run().exitCode == 0)
    let sums = "select count(distinct (sum, sum_exact)) from metric_rollups where metric = 'm'"
    #expect(try await rollups.place.value(sums) == "1")
    #expect(try await rollups.differences() == [])
  }

  @Test func `money as numeric and whole numbers beyond a double's 53 bits are added up as they are`() async throws {
    let folder = try TemporaryFolder()
    func source(_ name: String, _ value: String) throws {
      try """
      select '\(name)' as metric, 'order' as entity_type, '' as entity_id, \(value) as value, at as occurred_at
      from orders where at >= :window_start and at < :window_end
      """.write(toFile: "\(folder.path)/\(name).sql", atomically: true, encoding: .utf8)
    }
    try source("money", "amount")
    try source("priced", "price")
    try source("numbers", "number")
    // A domain of a domain, as accounting likes them.
    try await rollups.place.execute(
      """
      create domain positive as numeric check (value >= 0);
      create domain price as positive check (value < 1e20);
      create table orders (amount numeric, price price, number bigint, at timestamptz);
      insert into orders select 12345678901234567.10, 12345678901234567.10, 9007199254740993, '2025-11-07 10:00+00'
      from generate_series(1, 3)
      """)
    let run = try await rollups.run([], ["ROLLUPS_SOURCES_DIR": folder.path])
    #expect(run.exitCode == 0, "\(run.output)")
    #expect(try await sums("money", of: "money") == levels("37037036703703701.30 3.7037036703703704e+16"))
    #expect(try await sums("priced", of: "priced") == levels("37037036703703701.30 3.7037036703703704e+16"))
    #expect(try await sums("numbers", of: "numbers") == levels("27021597764222979 2.702159776422298e+16"))
    let verified = try await rollups.run([], ["ROLLUPS_SOURCES_DIR": folder.path, "ROLLUPS_MODE": "verify"])
    #expect(verified.exitCode == 0, "\(verified.output)")
  }

  @Test func `a real counts as the decimal that stands for it`() async throws {
    let place = try await Place(migrated: false)
    try await place.execute(
      """
      create table metric_events (metric text, entity_type text, entity_id text, value real, occurred_at timestamptz);
      insert into metric_events select 'm', 'e', 'i', 0.1, '2025-11-07 10:00+00' from generate_series(1, 3)
      """)
    #expect(try await Binary("oneshot").run(["migrate"], place.environment).exitCode == 0)
    let settings = ["JOB_SCHEDULED_AT": Rollups.now, "JOB_FORCE": "true"]
    #expect(try await Rollups.binary.run([], place.environment.merging(settings) { $1 }).exitCode == 0)
    #expect(
      try await place.value(
        "select string_agg(distinct concat_ws(' ', sum_exact, sum, min, max), ', ') from metric_rollups")
        == "0.3 0.3 0.1 0.1")
  }

  @Test func `verify sees a sum that is off by a billionth of a cent`() async throws {
    try await rollups.add(100)
    #expect(try await rollups.run().exitCode == 0)
    try await rollups.place.execute(
      """
      update metric_rollups set sum_exact = sum_exact + 0.00000000001
      where granularity = 'monthly' and metric = 'metric 1' and entity_id = 'user 1'
      """)
    let verified = try await rollups.run([], ["ROLLUPS_MODE": "verify"])
    #expect(verified.exitCode == 65 && verified.count("differences") == 1, "\(verified.output)")
    #expect(try await rollups.run([], ["ROLLUPS_MODE": "rebuild"]).count("updated") == 1)
    #expect(try await rollups.run([], ["ROLLUPS_MODE": "verify"]).exitCode == 0)
  }

  @Test func `rows from before keep the sum that they have, are no difference, and are exact once they are calculated`()
    async throws
  {
    try await rollups.add("m", 0.1, at: "2025-11-06T10:00:00Z")
    try await rollups.add("m", 0.2, at: "2025-11-06T10:30:00Z")
    #expect(try await rollups.run().exitCode == 0)
    // As the binary before has left them.
    try await rollups.place.execute(
      "update metric_rollups set sum_exact = null; update metric_rollups set sum = 0.1::float8 + 0.2::float8")
    #expect(try await rollups.run([], ["ROLLUPS_MODE": "verify"]).exitCode == 0)
    try await rollups.add("m", 0.4, at: "2025-11-06T12:00:00Z")
    #expect(try await rollups.run().exitCode == 0)
    let exact =
      "select string_agg(distinct coalesce(sum_exact::text, 'none'), ' ') from metric_rollups where granularity = "
    #expect(try await rollups.place.value(exact + "'hourly'") == "0.4 none")
    #expect(try await rollups.place.value(exact + "'daily'") == "none")
    #expect(try await rollups.run([], ["ROLLUPS_MODE": "verify"]).exitCode == 0)
    #expect(try await rollups.run([], ["ROLLUPS_MODE": "rebuild"]).exitCode == 0)
    #expect(try await rollups.place.value(exact + "'daily'") == "0.7")
    #expect(try await rollups.differences() == [])
  }

  @Test func `a sum that an older binary writes leaves no exact one beside it that is another`() async throws {
    try await rollups.add(30)
    #expect(try await rollups.run().exitCode == 0)
    try await rollups.place.execute(
      "update metric_rollups set count = count + 1, sum = sum + 2, min = min, max = max where granularity = 'daily'")
    let stale = "select count(*) from metric_rollups where sum_exact is not null and sum_exact::float8 <> sum"
    #expect(try await rollups.place.value(stale) == "0")
    #expect(
      try await rollups.place.value("select count(sum_exact) from metric_rollups where granularity = 'daily'") == "0")
    #expect(try await rollups.run([], ["ROLLUPS_MODE": "verify"]).exitCode == 65)
  }
}
