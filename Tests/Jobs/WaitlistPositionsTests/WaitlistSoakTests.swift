import Foundation
import TestSupport
import Testing

/// Runs that are killed anywhere.
@Suite(.timeLimit(.minutes(60))) struct WaitlistSoakTests {
  @Test func `killed again and again, places are right and nobody has two events for a slot`() async throws {
    let environment = ProcessInfo.processInfo.environment
    let kills = environment["ONESHOT_SOAK_RUNS"] == nil ? 20 : 200
    let seed = environment["ONESHOT_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 1...999_999)
    print("kill points: ONESHOT_SEED=\(seed)")
    var random = SeededGenerator(seed)
    let waitlist = try await Waitlist(["WAITLIST_NOTIFY_EVERY": "0s"])
    try await waitlist.place.execute("insert into waitlist_campaigns select g, 'live' from generate_series(2, 5) g")
    for campaign in 1...5 { try await waitlist.add(campaign * 100...campaign * 100 + 60, to: campaign) }
    #expect(try await waitlist.run().exitCode == 0)
    for turn in 1...kills {
      let slot = ["JOB_SCHEDULED_AT": "2025-12-\(turn % 28 < 9 ? "0" : "")\(turn % 28 + 1)T0\(turn / 28):00:00Z"]
      try await waitlist.place.execute(
        """
        update waitlist_entries set referred_by = campaign_id * 100 + \(Int.random(in: 20...39, using: &random))
        where id % 100 between 40 and 60 and id % 3 = \(turn % 3)
        """)
      _ = try await waitlist.kill(slot, after: Int.random(in: 5...25, using: &random))
      let whole = try await waitlist.run([], slot)
      #expect(whole.exitCode == 0, "\(whole.output)")
      for campaign in 1...5 {
        #expect(try await waitlist.order(campaign).allSatisfy { !$0.contains(":") }, "after \(turn) kills")
      }
    }
    let doubles = try await waitlist.place.value(
      """
      select count(*) from (
        select from oneshot.events group by event -> 'data' ->> 'entry_id', event ->> 'timestamp' having count(*) > 1) as d
      """)
    #expect(doubles == "0")
    // Each event goes on from the place that the one before it told.
    let gaps = try await waitlist.place.value(
      """
      select count(*) from (
        select event -> 'data' ->> 'from' as told, lag(event -> 'data' ->> 'to') over (
          partition by event -> 'data' ->> 'entry_id' order by event ->> 'timestamp') as before
        from oneshot.events) as e
      where told <> before
      """)
    #expect(gaps == "0")
    #expect(try await Int(waitlist.place.value("select count(*) from oneshot.events")) ?? 0 > kills)
  }
}
