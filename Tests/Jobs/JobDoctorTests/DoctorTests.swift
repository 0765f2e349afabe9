import Foundation
import TestSupport
import Testing

/// `job-doctor` as a job: its verdict, its incidents, what it refuses.
@Suite(.timeLimit(.minutes(15))) struct DoctorTests {
  private let expectation = ["HEALTH_EXPECT": "job=1h"]

  private func incidents(_ ledger: PlantedLedger) async throws -> [String] {
    try await ledger.place.rows(
      "select job || ' ' || kind || case when closed_at is null then ' open' else ' over' end from oneshot.incidents order by opened_at"
    ).map { $0[0] }
  }

  @Test func `a doctor that looks for jobs of which none has run is not idle`() async throws {
    let ledger = try await PlantedLedger()
    let expected = ["HEALTH_EXPECT": "job=1h,job-doctor=5m"]
    for _ in 1...3 { #expect(try await ledger.doctor(expected).result["counts", "expected"].int == 1) }
    #expect(try await ledger.health(expected).troubles == ["job missed"])
  }

  /// Makes the newest run of the job undone, so that it is missed again.
  private func breakAgain(_ ledger: PlantedLedger) async throws {
    try await ledger.place.execute(
      "delete from oneshot.job_runs where started_at > now() - interval '1 hour' and job = 'job'")
  }

  /// Has an incident been unseen for longer by half an hour.
  private func letSettle(_ ledger: PlantedLedger) async throws {
    try await ledger.place.execute("update oneshot.incidents set unseen_since = unseen_since - interval '30 minutes'")
  }

  @Test func `an incident is opened once, and one that stays away for DOCTOR_SETTLE is over`() async throws {
    let ledger = try await PlantedLedger()
    try await ledger.plant("job", newest: "90 minutes", count: 9)
    for _ in 1...3 { #expect(try await ledger.doctor(expectation).exitCode == 65) }
    #expect(try await incidents(ledger) == ["job missed open"])
    try await ledger.plant("job")
    let well = try await ledger.doctor(expectation)
    #expect(well.exitCode == 0 && well.result["counts", "over"].int == 0, "\(well.output)")
    #expect(well.result["counts", "settling"].int == 1)
    try await letSettle(ledger)
    #expect(try await ledger.doctor(expectation).result["counts", "over"].int == 1)
    #expect(try await incidents(ledger) == ["job missed over"])
    try await breakAgain(ledger)
    #expect(try await ledger.doctor(expectation).exitCode == 65)
    #expect(try await incidents(ledger) == ["job missed over", "job missed open"])
  }

  @Test func `what comes back within DOCTOR_SETTLE is the same incident, and its time begins again`() async throws {
    let ledger = try await PlantedLedger()
    try await ledger.plant("job", newest: "90 minutes", count: 9)
    #expect(try await ledger.doctor(expectation).result["counts", "opened"].int == 1)
    for _ in 1...2 {
      try await ledger.plant("job")
      #expect(try await ledger.doctor(expectation).result["counts", "settling"].int == 1)
      try await breakAgain(ledger)
      let again = try await ledger.doctor(expectation)
      #expect(again.exitCode == 65 && again.result["counts", "opened"].int == 0, "\(again.output)")
      #expect(try await incidents(ledger) == ["job missed open"])
      // What is seen does not settle, however long ago it was unseen.
      try await letSettle(ledger)
      #expect(try await ledger.doctor(expectation).result["counts", "over"].int == 0)
    }
    try await ledger.plant("job")
    let atOnce = try await ledger.doctor(expectation.merging(["DOCTOR_SETTLE": "0s"]) { $1 })
    #expect(atOnce.result["counts", "over"].int == 1, "\(atOnce.output)")
    #expect(try await incidents(ledger) == ["job missed over"])
  }

  @Test func `a plan looks and writes nothing`() async throws {
    let ledger = try await PlantedLedger()
    let plan = try await ledger.doctor(expectation, ["--plan"])
    #expect(plan.exitCode == 65 && plan.found == ["job missed"], "\(plan.output)")
    #expect(try await ledger.place.value("select count(*) from oneshot.incidents") == "0")
    #expect(try await ledger.place.value("select count(*) from oneshot.job_runs") == "0")
  }

  @Test func `it does not judge itself, whatever it is told to expect`() async throws {
    let ledger = try await PlantedLedger()
    let settings = ["HEALTH_EXPECT": "job-doctor=5m"]
    try await ledger.plant("job-doctor", newest: "2 days", count: 9, "partial")
    try await ledger.plant("job-doctor", newest: "1 day", count: 5, "failed", kind: "internal")
    #expect(try await ledger.doctor(settings).exitCode == 0)
    #expect(try await ledger.doctor(settings).exitCode == 0)
  }

  @Test func `many troubles are counted, the first fifty named in the ledger, and all logged`() async throws {
    let ledger = try await PlantedLedger()
    let names = (100..<180).map { "job\($0)=1h" }.joined(separator: ",")
    let run = try await ledger.doctor(["HEALTH_EXPECT": names])
    #expect(run.exitCode == 65 && run.result["counts", "troubles"].int == 80)
    #expect(!run.found.isEmpty && run.result["shortened"].string?.contains("in the ledger") == true)
    let kept = "select jsonb_array_length(details->'found') from oneshot.job_runs where job = 'job-doctor'"
    #expect(try await ledger.place.value(kept) == "50")
    #expect(run.result["counts", "opened"].int == 80)
    #expect(run.errors.split(separator: "\n").count { $0.contains("something is wrong") } == 80)
  }

  @Test func `names and messages of any length and letters become incidents`() async throws {
    let ledger = try await PlantedLedger()
    let long = String(repeating: "é", count: 5000)
    try await ledger.place.redis("SET", "oneshot:lock:\(long)", long)
    try await ledger.place.redis("SET", "oneshot:lock:nul\0nul", "\0")
    let run = try await ledger.doctor()
    #expect(run.exitCode == 65 && run.result["counts", "opened"].int == 2, "\(run.output)\(run.errors)")
    #expect(try await ledger.doctor().result["counts", "opened"].int == 0)
  }

  @Test func `one process looks at everything`() async throws {
    let ledger = try await PlantedLedger()
    let run = try await ledger.doctor(["JOB_SHARD_COUNT": "2", "JOB_SHARD_INDEX": "1"])
    #expect(run.exitCode == 78 && run.output.contains("JOB_SHARD_COUNT"))
  }

  @Test func `a server out of reach is 69, and closes no incident`() async throws {
    let ledger = try await PlantedLedger()
    #expect(try await ledger.doctor(expectation).exitCode == 65)
    for gone in [["REDIS_URL": "redis://127.0.0.1:1"], ["DATABASE_URL": "postgresql://127.0.0.1:1/x"]] {
      let run = try await ledger.doctor(gone.merging(["JOB_ATTEMPTS": "1"]) { $1 })
      #expect(run.exitCode == 69, "\(run.output)")
    }
    #expect(try await incidents(ledger) == ["job missed open"])
  }

  @Test(arguments: ["DOCTOR_SLACK_URL", "DOCTOR_PAGERDUTY_KEY", "DOCTOR_PAGERDUTY_URL"])
  func `receivers need the trait Delivery, and are refused without it`(setting: String) async throws {
    let ledger = try await PlantedLedger()
    let run = try await ledger.doctor([setting: "https://127.0.0.1/secret-0123456789"])
    #expect(run.exitCode == 78 && run.output.contains("\(setting) needs a binary built with the trait Delivery"))
    #expect(!run.output.contains("secret-0123456789"))
    let file = try TemporaryFolder()
    try "https://x/secret-0123456789".write(toFile: "\(file.path)/url", atomically: true, encoding: .utf8)
    #expect(try await ledger.doctor(["\(setting)_FILE": "\(file.path)/url"]).exitCode == 78)
  }

  @Test func `a check names the table and the commands that it needs`() async throws {
    let ledger = try await PlantedLedger()
    #expect(try await ledger.doctor([:], ["--check"]).exitCode == 0)
    try await ledger.place.execute("drop table oneshot.incidents")
    let check = try await ledger.doctor([:], ["--check"])
    #expect(check.exitCode == 78 && check.output.contains("oneshot.incidents"))
  }
}
