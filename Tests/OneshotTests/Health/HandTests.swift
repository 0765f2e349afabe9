import TestSupport
import Testing

/// Runs that somebody starts at a terminal, of a real job.
@Suite(.timeLimit(.minutes(15))) struct HandTests {
  private let settings = ["HEALTH_EXPECT": "usage-aggregation=1d", "HEALTH_IDLE": "20"]

  @Test func `six of a schedule come too often, six by hand do not, and each says which it is`() async throws {
    let job = Binary("usage-aggregation")
    for isByHand in [false, true] {
      let ledger = try await PlantedLedger()
      for _ in 1...6 {
        let run =
          try await isByHand
          ? TypedCommand([], ledger.place.environment, of: job).outcome() : job.run([], ledger.place.environment)
        #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
      }
      let expected = isByHand ? [] : ["usage-aggregation too_often"]
      #expect(try await ledger.health(settings).troubles == expected)
      let id = try await ledger.place.value("select run_id from oneshot.job_runs limit 1")
      let shown = try await ledger.oneshot(["run", id]).output
      #expect(shown.contains("started by hand") == isByHand, "\(shown)")
    }
  }

  @Test func `slots that somebody does again are measured by the slots, not by when they ran`() async throws {
    let ledger = try await PlantedLedger()
    try await ledger.plant("usage-aggregation", every: "1 minute", count: 8)
    #expect(try await ledger.health(settings).troubles == ["usage-aggregation too_often"])
    try await ledger.place.execute(
      """
      update oneshot.job_runs r set scheduled_by = 'setting', scheduled_at = now() - place.number * interval '1 day'
      from (select run_id, row_number() over (order by started_at desc) as number from oneshot.job_runs) as place
      where place.run_id = r.run_id
      """)
    let lenient = settings.merging(["HEALTH_GRACE": "30d"]) { $1 }
    #expect(try await ledger.health(lenient).troubles == [])
  }
}
