import TestSupport
import Testing

/// Databases that are not as the job's page has them, and two installations in one.
@Suite(.timeLimit(.minutes(10))) struct SetupTests {
  @Test func `columns of other types are named, and stop no migration`() async throws {
    let place = try await Place(migrated: false)
    try await place.execute(
      """
      create table waitlist_campaigns (id uuid primary key, status text not null);
      create table waitlist_entries (
        id bigint primary key, campaign_id uuid not null, referred_by text, original_position bigint, position bigint,
        verified_at timestamptz, status text)
      """)
    let migration = try await Binary("oneshot").run(["migrate"], place.environment)
    #expect(migration.exitCode == 0, "\(migration.errors)")
    let check = try await Waitlist.binary.run(["--check"], place.environment)
    #expect(
      check.exitCode == 78
        && check.output.contains(
          "waitlist_campaigns.id is uuid, waitlist_entries.campaign_id is uuid, waitlist_entries.referred_by is text"),
      "\(check.output)")
  }

  @Test func `a waitlist of another schema is refused, and the first one's places stay`() async throws {
    let waitlist = try await Waitlist()
    let schema = waitlist.place.own("other")
    try await waitlist.add(1...3)
    try await waitlist.refer(4...5, by: 3)
    #expect(try await waitlist.run().exitCode == 0)
    try await waitlist.place.execute(
      """
      create schema \(schema);
      create table \(schema).waitlist_campaigns as select * from waitlist_campaigns;
      create table \(schema).waitlist_entries as select id, campaign_id, null::bigint as referred_by, original_position,
        null::bigint as position, verified_at, status from waitlist_entries
      """)
    let before = try await waitlist.place.value(
      "select md5(string_agg(w::text, '')) from oneshot.waitlist_placements w")
    let there = ["DATABASE_URL": waitlist.place.databaseURL + "&options=-csearch_path%3D\(schema)"]
    let run = try await waitlist.run([], there)
    #expect(
      run.exitCode == 65 && run.output.contains("is one of public.waitlist_entries")
        && run.output.contains("let one installation place it"), "\(run.output)\(run.errors)")
    #expect(
      try await waitlist.place.value("select md5(string_agg(w::text, '')) from oneshot.waitlist_placements w") == before
    )
    // A table that was moved.
    try await waitlist.place.execute("update oneshot.waitlist_standings set entries_schema = null")
    #expect(try await waitlist.run([], there).exitCode == 0)
  }

  @Test func `another installation is refused where it finds the same waitlist, until the campaign is made its own`()
    async throws
  {
    let waitlist = try await Waitlist(["WAITLIST_POINTS": "2"])
    try await waitlist.add(1...5)
    try await waitlist.refer(6...6, by: 5)
    #expect(try await waitlist.run().exitCode == 0)
    let other = ["JOB_INSTANCE": "other", "WAITLIST_POINTS": "4"]
    for arguments in [["--plan"], []] {
      let run = try await waitlist.run(arguments, other)
      #expect(
        run.exitCode == 65
          && run.output.contains(
            "campaign 1 is placed by the installation without a JOB_INSTANCE, and this is the installation other"),
        "\(run.output)\(run.errors)")
      #expect(try await waitlist.order() == ["1", "2", "3", "5", "4", "6"])
    }
    #expect(try await waitlist.run().exitCode == 0)
    try await waitlist.place.execute("update oneshot.waitlist_standings set instance = null")
    #expect(try await waitlist.run([], other).exitCode == 0)
    #expect(try await waitlist.order() == ["1", "5", "2", "3", "4", "6"])
    let first = try await waitlist.run()
    #expect(first.exitCode == 65 && first.output.contains("placed by the installation other"), "\(first.output)")
  }

  @Test func `small numbers, states of an enumeration and another schema are as good`() async throws {
    let waitlist = try await Waitlist(["WAITLIST_POINTS": "5"])
    let schema = waitlist.place.own("app")
    try await waitlist.place.execute(
      """
      create schema \(schema);
      create type \(schema).state as enum ('waiting', 'withdrawn');
      create table \(schema).waitlist_campaigns (id integer primary key, status varchar(9));
      create table \(schema).waitlist_entries (
        id integer primary key, campaign_id smallint, referred_by integer, original_position integer, position integer,
        verified_at timestamptz, status \(schema).state);
      insert into \(schema).waitlist_campaigns values (1, 'live');
      insert into \(schema).waitlist_entries values
        (1, 1, null, 1, null, null, 'waiting'), (2, 1, null, 2, null, null, 'waiting'),
        (3, 1, 2, 3, null, now(), 'waiting'), (4, 1, 2, 4, null, now(), 'withdrawn')
      """)
    let there = ["DATABASE_URL": waitlist.place.databaseURL + "&options=-csearch_path%3D\(schema)"]
    for arguments in [["--check"], ["--plan"], []] {
      let run = try await waitlist.run(arguments, there)
      #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
    }
    #expect(
      try await waitlist.place.value(
        "select string_agg(id::text, ' ' order by position) from \(schema).waitlist_entries where position is not null")
        == "2 1 3")
  }
}
