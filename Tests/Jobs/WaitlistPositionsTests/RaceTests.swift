import TestSupport
import Testing

/// An application that writes while the job does.
@Suite(.timeLimit(.minutes(10))) struct RaceTests {
  @Test func `an entry that is verified meanwhile keeps that, and its referral counts in the next run`() async throws {
    let waitlist = try await Waitlist(["WAITLIST_POINTS": "5"])
    try await waitlist.add(1...5)
    try await waitlist.place.execute(
      "update waitlist_entries set referred_by = 4, verified_at = null where id = 5")
    let application = try await OpenTransaction(
      in: waitlist.place, "update waitlist_entries set verified_at = '2025-11-08' where id = 5")
    let run = try Waitlist.binary.start([], waitlist.environment())
    try await waitlist.place.until(
      orEndOf: run,
      "select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')"
    )
    try await application.commit()
    let outcome = await run.outcome()
    #expect(outcome.exitCode == 0 && outcome.count("moved") == 5, "\(outcome.output)\(outcome.errors)")
    #expect(try await waitlist.order() == ["1", "2", "3", "4", "5"])
    #expect(
      try await waitlist.place.value("select verified_at is not null from waitlist_entries where id = 5") == "true")
    #expect(try await waitlist.run().count("moved") == 4)
    #expect(try await waitlist.order() == ["4", "1", "2", "3", "5"])
  }

  @Test func `a deadlock with an application that locks several entries is tried again, as the whole campaign`()
    async throws
  {
    let waitlist = try await Waitlist(["JOB_BACKOFF_MAX": "0s"])
    try await waitlist.add(1...200)
    let application = try await OpenTransaction(
      in: waitlist.place, "update waitlist_entries set status = 'active' where id = 200",
      last: "update waitlist_entries set status = 'active' where id <> 200")
    let run = try Waitlist.binary.start([], waitlist.environment())
    try await waitlist.place.until(
      orEndOf: run,
      "select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')"
    )
    try await application.commit()
    let outcome = await run.outcome()
    #expect(outcome.exitCode == 0 && outcome.count("moved") == 200, "\(outcome.output)\(outcome.errors)")
    #expect(outcome.errors.contains("deadlock"), "\(outcome.errors)")
    #expect(try await waitlist.order().count == 200)
  }

  @Test func `a campaign whose entries stay locked is a dead letter, and the others are placed`() async throws {
    let waitlist = try await Waitlist(["JOB_ATTEMPTS": "1"])
    try await waitlist.place.execute("insert into waitlist_campaigns values (2, 'live')")
    try await waitlist.add(1...3)
    try await waitlist.add(11...13, to: 2)
    let application = try await OpenTransaction(
      in: waitlist.place, "update waitlist_entries set status = 'active' where id = 2")
    let run = try await waitlist.run()
    #expect(run.exitCode == 65 && run.count("failed") == 1, "\(run.output)\(run.errors)")
    let pid = try await waitlist.place.value(
      "select pid from pg_stat_activity where datname = current_database() and application_name = 'another'")
    #expect(run.output.contains("rows of waitlist_entries are locked by \(pid) another"), "\(run.output)")
    #expect(try await waitlist.letters() == ["failed campaign/1 pending"])
    #expect(try await waitlist.order(2) == ["11", "12", "13"])
    try await application.commit()
    #expect(try await waitlist.run().exitCode == 0)
    #expect(try await waitlist.letters() == ["failed campaign/1 resolved"])
  }

  @Test func `a referral that is corrected while a run reads counts in the next one`() async throws {
    let waitlist = try await Waitlist(["WAITLIST_POINTS": "5"])
    try await waitlist.add(1...9)
    try await waitlist.place.execute(
      "update waitlist_entries set referred_by = case id when 8 then 9 else 6 end where id in (7, 8)")
    #expect(try await waitlist.run().count("odd_referrals") == 1)
    // Decisions about fraud are read once it is known which referrals are odd, for those that are not.
    let review = try await OpenTransaction(in: waitlist.place, "lock table oneshot.fraud_reviews")
    let run = try Waitlist.binary.start([], waitlist.environment())
    try await waitlist.place.until(
      orEndOf: run,
      "select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')"
    )
    try await waitlist.place.execute("update waitlist_entries set referred_by = 5 where id = 8")
    try await review.commit()
    let outcome = await run.outcome()
    #expect(outcome.count("odd_referrals") == 1 && outcome.count("moved") == 0, "\(outcome.output)\(outcome.errors)")
    let next = try await waitlist.run()
    #expect(next.exitCode == 0 && next.count("odd_referrals") == 0, "\(next.output)\(next.errors)")
    #expect(try await waitlist.order().prefix(2) == ["5", "1"])
  }

  @Test func `twenty starts at once write one event for a slot`() async throws {
    let waitlist = try await Waitlist()
    try await waitlist.add(1...100)
    #expect(try await waitlist.run().exitCode == 0)
    try await waitlist.place.execute("update waitlist_entries set referred_by = id % 7 + 40 where id > 50")
    let environment = waitlist.environment(["JOB_SCHEDULED_AT": "2025-11-10T02:00:00Z", "WAITLIST_NOTIFY_EVERY": "0s"])
    let runs = try (0..<20).map { _ in try Waitlist.binary.start([], environment) }
    for run in runs {
      let outcome = await run.outcome()
      #expect(outcome.exitCode == 0, "\(outcome.output)")
    }
    let events = try await waitlist.events()
    #expect(!events.isEmpty && events.count == Set(events.map { $0.split(separator: " ")[0] }).count)
    #expect(try await waitlist.order() == waitlist.order().map { String($0.prefix { $0 != ":" }) })
  }

  @Test func `a run in which nothing changed writes no row`() async throws {
    let waitlist = try await Waitlist(on: PrivateServers.start())
    let place = waitlist.place
    // A checkpoint would have each page written whole once more, autovacuum writes statistics.
    try await place.execute("alter system set checkpoint_timeout = '1d'")
    try await place.execute("alter system set autovacuum = off")
    try await place.execute("select pg_reload_conf()")
    try await place.execute("create extension pg_walinspect")
    try await waitlist.add(1...5000)
    try await place.execute("update waitlist_entries set referred_by = id / 2 where id % 3 = 0 and id > 3")
    for _ in 1...3 { #expect(try await waitlist.run().exitCode == 0) }
    let before = try await written(place)
    let start = try await place.value("pg_current_wal_lsn()")
    let run = try await waitlist.run()
    let bytes = try await place.value(
      "select sum(record_size)::bigint from pg_get_wal_stats('\(start)', pg_current_wal_flush_lsn())")
    #expect(run.exitCode == 0 && run.count("unchanged_campaigns") == 1 && run.count("entries") == 5000, "\(run.output)")
    #expect(try await written(place) == before)
    // The run's own: ledger, fence, the lock of the campaign. One row for each entry would come to a hundred times as much.
    #expect(Int(bytes) ?? .max < 20_000, "\(bytes)")
  }

  /// Each row with where it lies and which transaction wrote it: whatever is written again has another place.
  private func written(_ place: Place) async throws -> [String] {
    var rows: [String] = []
    for table in [
      "waitlist_entries", "oneshot.events", "oneshot.waitlist_placements", "oneshot.waitlist_standings",
      "oneshot.waitlist_position_history",
    ] {
      rows.append(
        try await place.value(
          "select '\(table) ' || count(*) || coalesce(md5(string_agg(ctid::text || xmin::text, ' ' order by ctid)), '') from \(table)"
        ))
    }
    return rows
  }

  @Test func `whatever changes, an unchanged campaign is placed again`() async throws {
    let waitlist = try await Waitlist(["WAITLIST_POINTS": "3"])
    try await waitlist.add(1...9)
    for change in [
      "update waitlist_entries set referred_by = 2 where id = 9",
      "update waitlist_entries set verified_at = null where id = 9",
      "update waitlist_entries set verified_at = now() where id = 9",
      "insert into oneshot.fraud_reviews (entry_id, score, state, changed_at) values (9, 90, 'held', now())",
      "update oneshot.fraud_reviews set state = 'approved'",
      "update waitlist_campaigns set points_per_referral = 7",
      "update waitlist_entries set original_position = 100 where id = 1",
      "update waitlist_entries set original_position = null where id = 1",
      "update waitlist_entries set original_position = -1 where id = 1",
      "update waitlist_entries set position = 77 where id = 4",
      "delete from oneshot.waitlist_placements where entry_id = (select min(entry_id) from oneshot.waitlist_placements)",
      "delete from waitlist_entries where id = 3",
      "update waitlist_entries set status = 'withdrawn' where id = 5",
    ] {
      for _ in 1...2 { #expect(try await waitlist.run().exitCode == 0) }
      #expect(try await waitlist.run().count("unchanged_campaigns") == 1)
      try await waitlist.place.execute(change)
      #expect(try await waitlist.run().count("unchanged_campaigns") == 0, "\(change)")
    }
  }
}
