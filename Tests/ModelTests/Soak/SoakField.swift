import Redis
import TestSupport

/// Servers of the soak's own, the counters in them as a model has them, and an account of every commit.
struct SoakField {
  let servers: PrivateServers
  let place: Place
  /// `merchant:day:metric` to value: what must be stored in the end.
  private(set) var model: [String: Int] = [:]
  private var round = 0

  // Redis keeps what it has acknowledged: counters that it lost could not be told from ones nobody read.
  private static let bad = "bad:2025-11-06:x"

  init() async throws {
    servers = try await PrivateServers.start()
    place = try await Place(on: servers)
    try await place.redis("CONFIG", "SET", "appendfsync", "always")
    try await place.redis("CONFIG", "SET", "appendonly", "yes")
    try await eventually {
      try await place.redis("INFO", "persistence").text?.contains("aof_rewrite_in_progress:0") == true
    }
    // At COMMIT: who it is, and which fence is the newest; the transaction holds it until it is over.
    try await place.execute(
      """
      create table audit (xact xid8 primary key, run text not null, shard integer not null, token bigint not null);
      create function audit() returns trigger language plpgsql as $$
      declare run text := current_setting('application_name');
      begin
        insert into audit
        select pg_current_xact_id(), run, f.shard, f.token from oneshot.fences f
        where f.job = 'usage-aggregation' and f.shard = split_part(run, '/', 2)::integer
        on conflict do nothing;
        return null;
      end $$;
      create constraint trigger audit after insert or update on merchant_usage
        deferrable initially deferred for each row execute function audit();
      create constraint trigger audit after insert or update on oneshot.usage_days
        deferrable initially deferred for each row execute function audit();
      """)
  }

  /// Counters grow, new ones come, and one item is bad for a while.
  mutating func changeCounters(using random: inout SeededGenerator) async throws {
    round += 1
    for _ in 0..<Int.random(in: 0..<6, using: &random) {
      let merchant = Int.random(in: 0..<40, using: &random)
      let key = "m\(merchant):2025-11-0\(Int.random(in: 5...7, using: &random)):x"
      let growth = Int.random(in: 1..<100, using: &random)
      try await place.redis("INCRBY", "usage:\(key)", "\(growth)")
      model[key, default: 0] += growth
    }
    if Int.random(in: 0..<8, using: &random) == 0 { try await place.redis("SET", "usage:\(Self.bad)", "?") }
    if Int.random(in: 0..<8, using: &random) == 0 { try await mend() }
  }

  mutating func mend() async throws {
    try await place.redis("SET", "usage:\(Self.bad)", "\(round)")
    model[Self.bad] = round
  }

  enum Restart: CaseIterable { case postgresFast, postgresImmediate, redis }

  func restart(_ restart: Restart) async throws {
    let servers = servers
    try await onThread {
      switch restart {
      case .postgresFast: try servers.restartPostgres(.fast)
      case .postgresImmediate: try servers.restartPostgres(.immediate)
      case .redis:
        try servers.killRedis()
        try servers.startRedis("--appendonly", "yes", "--appendfsync", "always")
      }
    }
    await place.reconnect()
    // It answers while it still loads what it kept.
    try await eventually { (try? await place.redis("PING")) != nil }
  }
}
