import Foundation
import Redis
import TestSupport
import Testing

/// Many runs of all kinds, killed, frozen, overtaken and left without servers at random.
///
/// `make soak` does a thousand.
@Suite(.timeLimit(.minutes(60))) struct SoakTests {
  private static func number(_ name: String) -> UInt64? {
    ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
  }

  @Test func `whatever happens to many runs, the data are a model's in the end`() async throws {
    let runs = Self.number("ONESHOT_SOAK_RUNS").map { Int($0) } ?? 60
    let seed = Self.number("ONESHOT_SEED") ?? UInt64.random(in: 0..<1_000_000)
    // The seed repeats what is done, not when the processes get to it.
    print("soak: \(runs) runs, ONESHOT_SEED=\(seed)")
    var random = SeededGenerator(seed)
    var field = try await SoakField()
    let place = field.place

    var started = 0
    while started < runs {
      try await field.changeCounters(using: &random)
      let batch = (1...Int.random(in: 1...4, using: &random)).map { SoakRun(started + $0, using: &random) }
      started += batch.count
      let restart =
        Int.random(in: 0..<20, using: &random) == 0 ? SoakField.Restart.allCases.randomElement(using: &random) : nil
      let before = field
      try await withThrowingTaskGroup { group in
        let isAlone = restart == nil && batch.count(where: \.hasSuccessor) == 1
        for run in batch { group.addTask { _ = try await run.run(in: place, isAlone: isAlone) } }
        if let restart { group.addTask { try await before.restart(restart) } }
        try await group.waitForAll()
      }
    }

    // Leases of killed runs end by themselves; then nobody disturbs any more.
    try await eventually { try await place.redis("KEYS", "oneshot:*").elements.isEmpty }
    try await field.mend()
    for shard in [nil, 0, 1, 2] {
      started += 1
      try await SoakRun(started, finishing: shard).run(in: place)
    }
    try await expectTheModel(field)
    try await expectOneRunAFence(place)
    try await expectNothingLeft(place)
  }

  private func expectTheModel(_ field: SoakField) async throws {
    let rows = try await field.place.rows(
      "select merchant_id || ':' || usage_date || ':' || metric_type as a, value as b from merchant_usage")
    let stored = Dictionary(uniqueKeysWithValues: rows.map { ($0[0], Int($0[1]) ?? -1) })
    #expect(stored == field.model)
    // Each day is completed by the whole, and by each shard that has a key of it: by chance one may have none.
    let days = try await field.place.rows(
      "select shard_count || '/' || shard as a, count(*) as b from oneshot.usage_days group by 1 order by 1")
    let read = try await field.place.rows(
      """
      select shard_count || '/' || shard as a, count(*) filter (where keys > 0) as b
      from (
        select distinct on (shard_count, shard) * from oneshot.job_runs where forced
        order by shard_count, shard, started_at desc) as last,
        jsonb_to_recordset(details -> 'by_day') as day (keys integer)
      group by 1 order by 1
      """)
    #expect(days == read && days.map { $0[0] } == ["1/0", "3/0", "3/1", "3/2"] && days[0][1] == "3", "\(days) \(read)")
    #expect(
      try await field.place.value("select coalesce(min(state), 'resolved') from oneshot.dead_letters") == "resolved")
  }

  /// No two runs ever committed under the same fence, by the account that Postgres kept itself.
  private func expectOneRunAFence(_ place: Place) async throws {
    let shared = try await place.rows(
      """
      select shard::text as a, token::text as b, string_agg(distinct run, ' ') as c
      from audit group by shard, token having count(distinct run) > 1
      """)
    #expect(shared.isEmpty)
    #expect(try await place.value("select count(distinct run) > 3 from audit") == "true")
    let twice =
      "select shard::text as a, fence::text as b from oneshot.job_runs group by shard, fence having count(*) > 1"
    #expect(try await place.rows(twice).isEmpty)
  }

  private func expectNothingLeft(_ place: Place) async throws {
    #expect(try await place.value("select count(*) from oneshot.job_runs where status = 'running'") == "0")
    #expect(try await place.redis("KEYS", "oneshot:*").elements.isEmpty)
    let keys = try await place.redis("KEYS", "*").elements.compactMap(\.text)
    #expect(keys.allSatisfy { $0.hasPrefix("usage:") })
    #expect(try await place.value("select count(*) from pg_prepared_xacts") == "0")
    try await eventually {
      try await place.value("select count(*) from pg_stat_activity where application_name like 'soak-%'") == "0"
    }
    let clients = try await place.redis("CLIENT", "LIST").text ?? ""
    #expect(!clients.contains("name=usage-"))
    #expect(try await place.value("select count(*) from pg_class where relname = 'staged_counters'") == "0")
  }
}
