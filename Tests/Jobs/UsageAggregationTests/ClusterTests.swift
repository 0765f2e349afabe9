import Redis
import TestSupport
import Testing

/// Redis Cluster: each primary is scanned at once, and commands go where their keys are.
@Suite(.timeLimit(.minutes(10))) struct ClusterTests {
  @Test func `counters of all primaries arrive, whichever node the URL names`() async throws {
    let cluster = try await RedisCluster()
    let place = try await Place()
    for number in 0..<60 {
      _ = try await cluster.cli(cluster.ports[0], "SET", "usage:m\(number):2025-11-07:x", "\(number)")
    }
    _ = try await cluster.cli(cluster.ports[0], "LPUSH", "usage:list:2025-11-07:x", "1")
    let held = try await cluster.sizes()
    #expect(held.reduce(0, +) == 61 && held.allSatisfy { $0 > 0 }, "\(held)")

    for (index, port) in cluster.ports.enumerated() {
      let settings = [
        "DATABASE_URL": place.databaseURL, "REDIS_URL": "redis://127.0.0.1:\(port)", "USAGE_DAYS": "2025-11-07",
        "USAGE_SET_TTL": "7d",
      ]
      let run = try await Binary("usage-aggregation").run([], settings)
      #expect(run.exitCode == 65, "\(run.errors)")
      #expect(run.count("scanned") == 61)
      #expect(run.count(index == 0 ? "inserted" : "unchanged") == 60)
      #expect(run.count("failed") == 1)
    }
    #expect(try await place.value("select count(*) || ' ' || sum(value) from merchant_usage") == "60 1770")
    // The ledger knows a Redis by the address that a run was given.
    let letters = try await place.rows("select error_kind as a, server as b from oneshot.dead_letters order by 2")
    #expect(letters == cluster.ports.sorted().map { ["wrong_type", "127.0.0.1:\($0)/0"] }, "\(letters)")
    for number in [0, 31, 59] {
      let life = try await cluster.cli(cluster.ports[0], "TTL", "usage:m\(number):2025-11-07:x").output
      #expect((Int(life.split(separator: "\n")[0]) ?? 0) > 600_000)
    }
    #expect(try await cluster.cli(cluster.ports[0], "EXISTS", "oneshot:lock:usage-aggregation").output == "0\n")
  }

  /// A run that reads one day of a cluster, and stands still with a page read and more to come.
  private func scanningRun(_ cluster: RedisCluster, _ place: Place) async throws -> SteppedRun {
    let settings = [
      "DATABASE_URL": place.databaseURL, "REDIS_URL": cluster.url, "JOB_SCHEDULED_AT": Usage.now,
      "USAGE_RETENTION": "1d", "JOB_LOCK_TTL": "10m", "JOB_BACKOFF_MAX": "10ms",
    ]
    let run = try await SteppedRun(Usage.binary, settings, past: "scanned a page")
    try #require(!run.hasEnded)
    return run
  }

  private func expectAll(_ count: Int, of place: Place, after run: SteppedRun) async throws {
    run.letGo()
    let outcome = await run.process.outcome()
    #expect(outcome.exitCode == 0 && outcome.count("matched") == count, "\(outcome.output)")
    let stored = try await place.value("select count(*) || ' ' || coalesce(sum(value), 0) from merchant_usage")
    #expect(stored == "\(count) \(count * (count - 1) / 2)")
    // What says that nobody has to look at the day again.
    #expect(try await place.value("select keys from oneshot.usage_days") == "\(count)")
  }

  /// Hash tags, each of a slot of its own that the first node has, with their slots.
  private func tagsOfFirstNode(_ cluster: RedisCluster) async throws -> [(tag: String, slot: Int)] {
    let slots = try await cluster.cli(all: (0..<400).map { "CLUSTER KEYSLOT tag\($0)" }).compactMap { Int($0) }
    try #require(slots.count == 400)
    var known: Set<Int> = []
    return slots.enumerated().filter { $0.element <= 5460 && known.insert($0.element).inserted }
      .map { ("tag\($0.offset)", $0.element) }
  }

  /// Commands that set counters with the values 0, 1, 2 and so on.
  private func counters(_ merchants: [String]) -> [String] {
    merchants.enumerated().map { "SET usage:\($1):2025-11-07:x \($0)" }
  }

  @Test func `26: a slot that moves to another node in the middle of a SCAN costs no counter`() async throws {
    let cluster = try await RedisCluster()
    let place = try await Place()
    let tags = try await tagsOfFirstNode(cluster)
    // Three slots of the first node, so that every page has keys that move and keys that stay.
    let merchants = (0..<6000).map { "{\(tags[$0 % 3].tag)}\($0)" }
    try await cluster.cli(all: counters(merchants))
    try #require(try await cluster.sizes()[0] >= 6000)
    let run = try await scanningRun(cluster, place)
    try await cluster.move(slot: tags[0].slot, from: cluster.ports[0], to: cluster.ports[1])
    try #require(try await cluster.sizes()[1] >= 2000)
    try await expectAll(6000, of: place, after: run)
  }

  @Test func `26: a slot that moves unread to a node that was read already costs no counter`() async throws {
    let cluster = try await RedisCluster()
    let place = try await Place()
    let tags = try await tagsOfFirstNode(cluster)
    // Many keys in one slot of the first node, and one in each of many others.
    let merchants = (0..<7000).map { "{\(tags[0].tag)}\($0)" } + tags.dropFirst().map { "{\($0.tag)}" }
    try await cluster.cli(all: counters(merchants))
    var (cursor, early) = ("0", Set<String>())
    for _ in 0..<5 {
      let page = try await cluster.answer(cluster.ports[0], "SCAN", cursor, "COUNT", "1000").split(separator: "\n")
      cursor = String(page[0])
      early.formUnion(page.dropFirst().map { String($0) })
    }
    let late = try #require(tags.dropFirst().first { !early.contains("usage:{\($0.tag)}:2025-11-07:x") })

    let run = try await scanningRun(cluster, place)
    // It has its answer from the second node, whole, and has nothing more to ask there.
    try await eventually {
      try await cluster.answer(cluster.ports[1], "CLIENT", "LIST").split(separator: "\n")
        .contains { $0.contains("name=usage-aggregation ") && $0.contains("cmd=scan") }
    }
    try await cluster.move(slot: late.slot, from: cluster.ports[0], to: cluster.ports[1])
    try #require(try await cluster.sizes()[1] >= 1)
    try await expectAll(merchants.count, of: place, after: run)
  }
}
