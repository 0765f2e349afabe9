import TestSupport
import Testing

/// The privileges that the job's page names are enough, and each is needed.
@Suite(.timeLimit(.minutes(10))) struct RightsTests {
  @Test func `a role and a user with its page's privileges can do all`() async throws {
    let waitlist = try await Waitlist()
    try await waitlist.place.execute("drop table oneshot.fraud_reviews")
    try await waitlist.add(1...40)
    let restricted = try await waitlist.place.restricted("waitlist-positions")
    let check = try await waitlist.run(["--check"], restricted)
    #expect(check.exitCode == 0, "\(check.output)")
    #expect(try await waitlist.run([], restricted).exitCode == 0)
    try await waitlist.place.execute(
      """
      update waitlist_entries set referred_by = 20 where id > 21;
      update waitlist_entries set referred_by = 5 where id = 5;
      delete from waitlist_entries where id = 7
      """)
    let run = try await waitlist.run([], restricted.merging(["JOB_SCHEDULED_AT": "2025-11-09T02:00:00Z"]) { $1 })
    #expect(run.exitCode == 65 && run.count("notified") == 1, "\(run.output)\(run.errors)")
  }

  @Test(arguments: [
    ("select on waitlist_entries", "may not select waitlist_entries", "grant select on waitlist_entries"),
    ("select on waitlist_campaigns", "may not select waitlist_campaigns", "grant select on waitlist_campaigns"),
    (
      "update (position) on waitlist_entries", "may not update waitlist_entries.position",
      #"grant update ("position") on waitlist_entries"#
    ),
    (
      "delete on oneshot.waitlist_placements", "may not delete oneshot.waitlist_placements",
      "grant delete on oneshot.waitlist_placements"
    ),
    (
      "insert (dedup) on oneshot.events", "may not insert oneshot.events.dedup",
      "grant insert (dedup) on oneshot.events"
    ),
  ])
  func `check names a grant that is missing`(grant: String, complaint: String, remedy: String) async throws {
    let waitlist = try await Waitlist()
    try await waitlist.place.execute("drop table oneshot.fraud_reviews")
    let restricted = try await waitlist.place.restricted("waitlist-positions")
    try await waitlist.place.execute("revoke \(grant) from \(waitlist.place.own("jobs"))")
    let check = try await waitlist.run(["--check"], restricted)
    #expect(check.exitCode == 77 && check.output.contains(complaint), "\(check.output)")
    #expect(check.result["error", "hint"].string?.contains(remedy) == true, "\(check.output)")
  }

  @Test func `check names decisions about fraud that may not be read`() async throws {
    let waitlist = try await Waitlist()
    let restricted = try await waitlist.place.restricted("waitlist-positions")
    let check = try await waitlist.run(["--check"], restricted)
    #expect(check.exitCode == 77 && check.output.contains("may not select oneshot.fraud_reviews"), "\(check.output)")
    try await waitlist.place.execute("grant select on oneshot.fraud_reviews to \(waitlist.place.own("jobs"))")
    #expect(try await waitlist.run(["--check"], restricted).exitCode == 0)
    try await waitlist.add(1...3)
    #expect(try await waitlist.run([], restricted).exitCode == 0)
  }

  @Test func `an index that is missing is advised where there are several campaigns`() async throws {
    let waitlist = try await Waitlist()
    try await waitlist.place.execute(
      """
      insert into waitlist_campaigns select g, 'live' from generate_series(2, 4) g;
      insert into waitlist_entries (id, campaign_id, original_position) select g, g % 4 + 1, g from generate_series(1, 20000) g;
      analyze waitlist_entries
      """)
    #expect(
      try await waitlist.run(["--check"]).output.contains(
        "create index concurrently on waitlist_entries (campaign_id)"))
    try await waitlist.place.execute("create index on waitlist_entries (campaign_id)")
    #expect(try await !waitlist.run(["--check"]).output.contains("create index"))
  }
}
