import Foundation
import TestSupport
import Testing

/// `oneshot health` and `job-doctor`, the real binaries, on ledgers that hold what was planted.
@Suite(.timeLimit(.minutes(15))) struct HealthTests {
  /// What is wrong, how it is planted, and the settings that it takes.
  struct Planted: Sendable, CustomTestStringConvertible {
    var trouble: String
    var settings: [String: String] = [:]
    var plant: @Sendable (PlantedLedger) async throws -> Void

    var testDescription: String { trouble }
  }

  private static let hourly = ["HEALTH_EXPECT": "job=1h"]

  static let planted: [Planted] = [
    Planted(trouble: "job missed", settings: hourly) { try await $0.plant("job", newest: "72 minutes", count: 9) },
    Planted(trouble: "job:weekly missed", settings: ["HEALTH_EXPECT": "job:weekly=7d"]) { _ in },
    Planted(trouble: "job late", settings: hourly) {
      try await $0.plant("job", newest: "72 minutes", count: 9)
      try await $0.plant("job", "failed", kind: "unavailable")
    },
    Planted(trouble: "job too_often", settings: hourly) { try await $0.plant("job", every: "20 minutes", count: 9) },
    Planted(trouble: "job stuck", settings: hourly) {
      try await $0.plant("job", newest: "30 minutes", "running", deadline: "29 minutes")
      try await $0.plant("job", newest: "61 minutes", count: 9)
    },
    Planted(trouble: "job/1 stuck") {
      let id = "01a1fd6e-320f-74ef-95df-f73a1867fade"
      try await $0.plant("job", shard: 1, of: 2, "running", id: id)
      try await $0.plant("job", shard: 0, of: 2, "running", id: id.replacing("fade", with: "face"))
      let holder = #"{"run_id":"\#(id.replacing("fade", with: "face"))","host":"h","pid":1,"since":"x"}"#
      for index in 0...1 { try await $0.place.redis("SET", "oneshot:lock:job/\(index)", holder, "PX", "30000") }
    },
    Planted(trouble: "of-nobody stuck") { try await $0.place.redis("SET", "oneshot:lock:of-nobody", "x") },
    Planted(trouble: "job slow") {
      try await $0.plant("job", took: "40 seconds")
      try await $0.plant("job", newest: "61 minutes", count: 9)
    },
    Planted(trouble: "job failing") {
      try await $0.plant("job", "failed", kind: "denied")
      try await $0.plant("job", newest: "61 minutes", count: 9)
    },
    Planted(trouble: "job:v failing") {
      try await $0.plant("job", variant: "v", count: 3, "failed", kind: "abandoned")
      try await $0.plant("job", variant: "v", newest: "4 hours", count: 30)
    },
    // What somebody wanted once belongs to the job's usual work.
    Planted(trouble: "job failing", settings: hourly) {
      try await $0.plant("job", variant: "days-2025-11-01", series: "", newest: "30 seconds", "failed", kind: "denied")
      try await $0.plant("job", count: 9)
    },
    Planted(trouble: "job flapping") {
      try await $0.plant("job", every: "2 hours", count: 3, "failed", kind: "unavailable")
      try await $0.plant("job", every: "2 hours", newest: "61 minutes", count: 9)
    },
    Planted(trouble: "job silent") { try await $0.plant("job", newest: "6 hours", count: 9) },
    Planted(trouble: "job idle") {
      try await $0.plant("job", count: 3, items: 0)
      try await $0.plant("job", newest: "4 hours", count: 9)
    },
    Planted(trouble: "job debt") { try await $0.plant("job", count: 9, behind: 4) },
    Planted(trouble: "job clock", settings: hourly) {
      try await $0.plant("job", count: 9)
      try await $0.plant("job", every: "1 second", newest: "-1 hour", count: 30)
    },
    Planted(trouble: "job dead_letters", settings: ["HEALTH_DEAD_LETTERS_AGE": "2d"]) {
      try await $0.place.execute(
        """
        insert into oneshot.dead_letters (job, item_digest, item, payload, error_kind, error_message, attempts,
          first_failed_at, last_failed_at, last_run_id, state)
        select 'job', sha256(g::text::bytea), g, '{}', 'k', 'm', 1, now() - g * interval '1 day', now(), gen_random_uuid(),
          case when g < 4 then 'pending' else 'discarded' end
        from generate_series(1, 9) g
        """)
    },
  ]

  @Test(arguments: planted)
  func `each planted trouble is found, by command and doctor, and nothing else`(planted: Planted) async throws {
    let ledger = try await PlantedLedger()
    try await planted.plant(ledger)
    let health = try await ledger.health(planted.settings)
    #expect(health.troubles == [planted.trouble] && health.exitCode == 1)
    let doctor = try await ledger.doctor(planted.settings)
    #expect(doctor.found == [planted.trouble] && doctor.exitCode == 65, "\(doctor.output)\(doctor.errors)")
    #expect(doctor.result["status"].string == "partial" && doctor.result["counts", "opened"].int == 1)
    #expect(try await ledger.doctor(planted.settings).result["counts", "opened"].int == 0)
    #expect(try await ledger.place.value("select job || ' ' || kind from oneshot.incidents") != "NULL")
  }

  @Test func `a twin that has died stays missed, however many runs the other has had since`() async throws {
    let ledger = try await PlantedLedger()
    // The ledger's first run of a Redis counts, not the oldest of those that were fetched.
    try await ledger.plant("job", server: "alive:6379/0", count: 60)
    try await ledger.plant("job", server: "dead:6379/0", newest: "30 hours", count: 9)
    #expect(try await ledger.health(Self.hourly).troubles == ["job missed"])
    #expect(try await ledger.doctor(Self.hourly).found == ["job @dead:6379/0 missed"])
    // One that was never beside it has been replaced.
    try await ledger.place.execute(
      "delete from oneshot.job_runs where started_at < now() - interval '29 hours' and server like 'alive%'")
    #expect(try await ledger.health(Self.hourly).troubles == [])
  }

  @Test func `what was wanted once and failed is over with the next success of the usual work`() async throws {
    let ledger = try await PlantedLedger()
    try await ledger.plant("job", variant: "days-2025-11-01", series: "", newest: "5 minutes", "failed", kind: "denied")
    #expect(try await ledger.health(Self.hourly).troubles.sorted() == ["job failing", "job missed"])
    try await ledger.plant("job", count: 9)
    let health = try await ledger.oneshot(["health", "--json"], Self.hourly)
    #expect(health.exitCode == 0 && health.result["parts"].count == 1, "\(health.output)")
  }

  @Test func `real jobs that run as expected are well`() async throws {
    let ledger = try await PlantedLedger()
    let settings = [
      "HEALTH_EXPECT": "usage-aggregation=1d,metrics-rollups=1h,reindex:pending=1m",
      "HEALTH_MAY_IDLE": "reindex:pending",
    ]
    #expect(
      try await ledger.health(settings).troubles == [
        "metrics-rollups missed", "reindex:pending missed", "usage-aggregation missed",
      ])
    try await ledger.place.redis("SET", "usage:m:\(Self.yesterday):x", "5")
    try await ledger.place.execute(
      """
      insert into metric_events (metric, entity_type, entity_id, value, occurred_at)
      select 'm', 'e', 'i', g, now() - g * interval '1 day' from generate_series(1, 9) g;
      create table assets (id bigint primary key, title text, description text, tags text[], deleted_at timestamptz,
        language text);
      """)
    let jobs: [(String, [String: String])] = [
      ("usage-aggregation", [:]), ("metrics-rollups", [:]),
      ("reindex", ["REINDEX_MODE": "pending", "REINDEX_ENTITIES": "asset"]),
    ]
    for _ in 1...4 {
      for (job, settings) in jobs {
        let run = try await Binary(job).run([], ledger.place.environment.merging(settings) { $1 })
        #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
      }
    }
    // Four runs in a second are no hours; and whoever is done finds nothing to do.
    let lenient = settings.merging(["HEALTH_IDLE": "20"]) { $1 }
    let health = try await ledger.health(lenient)
    #expect(health.troubles == [] && health.exitCode == 0)
    #expect(try await ledger.place.value("select sum(behind) from oneshot.job_runs") == "0")
    let text = try await ledger.oneshot(["health"], lenient)
    #expect(text.exitCode == 0 && text.output.contains("Healthy: nothing is wrong."), "\(text.output)")
    let doctor = try await ledger.doctor(lenient)
    #expect(doctor.exitCode == 0 && doctor.result["counts", "parts"].int == 3, "\(doctor.output)")
  }

  private static var yesterday: String {
    let day = Date.now.addingTimeInterval(-86_400)
    return day.formatted(.iso8601.year().month().day())
  }

  @Test func `a run that goes on under its lock is well, and whoever took it over is no orphan`() async throws {
    let ledger = try await PlantedLedger()
    try await ledger.plant("usage-aggregation", newest: "61 minutes", count: 9)
    let run = try await BlockedRun(at: .planning, in: ledger.place)
    let health = try await ledger.oneshot(["health"])
    #expect(health.exitCode == 0 && health.output.contains("running on"), "\(health.output)")
    run.process.send(SIGKILL)
    _ = await run.process.outcome()
    try await ledger.place.redis("DEL", "oneshot:lock:usage-aggregation")
    #expect(try await ledger.health().troubles == ["usage-aggregation stuck"])
    try await run.letGo()
  }

  @Test func `where Redis is out of reach, the ledger still tells, and the code is 69 or 1`() async throws {
    let ledger = try await PlantedLedger()
    try await ledger.plant("job", count: 9)
    let nobody = ["REDIS_URL": "redis://127.0.0.1:1"]
    let well = try await ledger.oneshot(["health"], nobody)
    #expect(well.exitCode == 69 && well.output.contains("Locks could not be looked at"), "\(well.output)")
    #expect(well.output.contains("nothing is wrong as far as the ledger shows"))
    let json = try await ledger.oneshot(["health", "--json"], nobody)
    #expect(json.result["well"].bool == false && json.result["locks_error"].isThere)
    #expect(try await ledger.health(nobody.merging(Self.hourly) { $1 }).exitCode == 69)
    try await ledger.plant("job", newest: "10 seconds", "failed", kind: "denied")
    #expect(try await ledger.health(nobody).exitCode == 1)
  }

  @Test func `where Postgres is out of reach, it says so with 69; and what is misconfigured is 78`() async throws {
    let ledger = try await PlantedLedger()
    let gone = try await ledger.oneshot(["health"], ["DATABASE_URL": "postgresql://127.0.0.1:1/x"])
    #expect(gone.exitCode == 69 && gone.errors.contains("127.0.0.1"))
    let wrong = try await ledger.oneshot(["health"], ["HEALTH_EXPECT": "a,b=1h", "HEALTH_SLOW": "1"])
    #expect(wrong.exitCode == 78 && wrong.errors.contains("HEALTH_EXPECT") && wrong.errors.contains("HEALTH_SLOW"))
    try await ledger.place.execute("drop schema oneshot cascade")
    #expect(try await ledger.oneshot(["health"]).exitCode == 78)
  }

  @Test func `what a job wrote cannot steer a terminal, and stays whole in JSON`() async throws {
    let ledger = try await PlantedLedger()
    let message = "bad \u{1b}[2J\u{202e} \"quoted\" \\ \u{7}"
    try await ledger.plant("job", variant: "v", "failed", kind: "internal", message: message)
    try await ledger.place.redis("SET", "oneshot:lock:\u{1b}]0;x\u{7}", "\u{9b}31m")
    let text = try await ledger.oneshot(["health"])
    #expect(text.exitCode == 1 && text.output.contains(#"bad \u{1b}[2J"#), "\(text.output)")
    #expect(
      !text.output.unicodeScalars.contains { $0 != "\n" && ($0.value < 0x20 || (0x7f...0x9f).contains($0.value)) })
    #expect(!text.output.contains("\u{202e}"))
    let json = try await ledger.oneshot(["health", "--json"])
    #expect(json.result["troubles"].elements.contains { $0["message"].string?.contains(message) == true })
    let doctor = try await ledger.doctor()
    #expect(doctor.exitCode == 65 && doctor.result["counts", "troubles"].int == 2, "\(doctor.output)\(doctor.errors)")
  }

  @Test func `a table shows each part, and all shows what is long gone`() async throws {
    let ledger = try await PlantedLedger()
    for shard in 0..<3 { try await ledger.plant("job", variant: "a,b", shard: shard, of: 3, count: 9, behind: 0) }
    try await ledger.plant("gone", newest: "20 days", "partial")
    let text = try await ledger.oneshot(["health"], ["HEALTH_EXPECT": "job:a,b=1h"])
    #expect(text.exitCode == 0, "\(text.output)")
    for words in ["PART", "job:a,b ", "job:a,b/1", "job:a,b/2", "1m ", "1h", "2s"] {
      #expect(text.output.contains(words), "\(words) in \(text.output)")
    }
    #expect(!text.output.contains("gone"))
    let all = try await ledger.oneshot(["health", "--all"])
    #expect(all.output.contains("gone") && all.exitCode == 0, "\(all.output)")
    let json = try await ledger.oneshot(["health", "--json"], ["HEALTH_EXPECT": "job:a,b=1h"])
    let part = json.result["parts"][1]
    #expect(part["shard"].int == 1 && part["shard_count"].int == 3 && part["expected_every_ms"].int == 3_600_000)
    #expect(part["median_duration_ms"].int == 2000 && part["consecutive_failures"].int == 0)
  }

  @Test func `the runs of each part are found through an index, however many there are`() async throws {
    let ledger = try await PlantedLedger()
    try await ledger.plant("often", variant: "pending", every: "1 minute", count: 40_000)
    try await ledger.plant("often", variant: "rebuild", every: "7 days", count: 12)
    for shard in 0..<4 { try await ledger.plant("shared", shard: shard, of: 4, every: "1 hour", count: 500) }
    try await ledger.place.execute("analyze oneshot.job_runs")
    func scans(_ kind: String) async throws -> Int {
      Int(try await ledger.place.value("select \(kind) from pg_stat_user_tables where relname = 'job_runs'")) ?? 0
    }
    // What this session has read is counted once it is over.
    await ledger.place.reconnect()
    let (sequential, byIndex) = (try await scans("seq_scan"), try await scans("idx_scan"))
    let health = try await ledger.health(["HEALTH_EXPECT": "often:pending=1m,often:rebuild=7d,shared=1h"])
    #expect(health.troubles == [] && health.exitCode == 0)
    try await eventually { try await scans("idx_scan") > byIndex + 6 }
    #expect(try await scans("seq_scan") == sequential)
  }
}
