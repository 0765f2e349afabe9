import TestSupport
import Testing

/// The handler `positions`, which places a campaign as waitlist-positions does.
@Suite(.timeLimit(.minutes(10))) struct PositionHandlerTests {
  private func waitlist() async throws -> Drained {
    let drained = try await Drained()
    try await drained.place.execute(
      """
      create table waitlist_campaigns (id bigint primary key, status text not null, points_per_referral integer);
      create table waitlist_entries (
        id bigint primary key, campaign_id bigint not null, referred_by bigint, original_position bigint, position bigint,
        verified_at timestamptz, status text);
      insert into waitlist_campaigns values (1, 'live', null), (2, 'live', -1), (3, 'ended', null);
      insert into waitlist_entries (id, campaign_id, original_position, verified_at)
      select g, 1, g, '2025-11-01' from generate_series(1, 40) g
      """)
    return drained
  }

  private func recalculate(_ id: Int, campaign: String) -> String {
    #"{"id":"p\#(id)","type":"job.position.recalculate","campaign_id":"\#(campaign)"}"#
  }

  @Test func `an event places its campaign by the settings of waitlist-positions' last run, once for a batch`()
    async throws
  {
    let drained = try await waitlist()
    let settings = [
      "JOB_SCHEDULED_AT": "2025-11-07T02:00:00Z", "WAITLIST_POINTS": "30", "WAITLIST_NOTIFY_TOP": "7",
      "WAITLIST_CAMPAIGN": "1",
    ]
    let run = try await Binary("waitlist-positions").run([], drained.place.environment.merging(settings) { $1 })
    #expect(run.exitCode == 0, "\(run.output)")
    try await drained.place.execute("update waitlist_entries set referred_by = 30 where id = 40")
    try await drained.add((1...5).map { recalculate($0, campaign: "1") })
    let drain = try await drained.run()
    #expect(drain.exitCode == 0 && drain.count("done") == 5, "\(drain.output)\(drain.errors)")
    #expect(try await drained.place.value("select position from waitlist_entries where id = 30") == "1")
    #expect(
      try await drained.place.rows(
        "select event ->> 'type' as a, event -> 'data' ->> 'from' as b, event -> 'data' ->> 'top' as c from oneshot.events"
      )
        == [["waitlist.position_update", "30", "7"]])
  }

  @Test func `campaigns that are not there, and points that cannot be, are dead letters; the others are placed`()
    async throws
  {
    let drained = try await waitlist()
    try await drained.add(["9", "3", "2", "x", "1"].enumerated().map { recalculate($0.offset, campaign: $0.element) })
    let run = try await drained.run()
    #expect(run.exitCode == 65 && run.count("done") == 1 && run.count("failed") == 4, "\(run.output)\(run.errors)")
    #expect(run.output.contains("names no live campaign"))
    #expect(try await drained.place.value("select count(distinct position) from waitlist_entries") == "40")
  }

  @Test func `it waits for a run of waitlist-positions that is at the same campaign`() async throws {
    let drained = try await waitlist()
    let other = try await OpenTransaction(
      in: drained.place, "select oneshot.waitlist_place(1)", "update waitlist_entries set referred_by = 1 where id = 2")
    try await drained.add([recalculate(1, campaign: "1")])
    let run = try Drained.binary.start([], drained.environment())
    try await drained.place.until(
      orEndOf: run,
      "select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')"
    )
    try await other.commit()
    let outcome = await run.outcome()
    #expect(outcome.exitCode == 0, "\(outcome.output)\(outcome.errors)")
    #expect(try await drained.place.value("select referrals from oneshot.waitlist_placements") == "1")
  }
}
