import TestSupport
import Testing

/// What must not keep other events from being done, in this run or for ever.
@Suite(.timeLimit(.minutes(10))) struct StuckTests {
  @Test func `entries that were given out and have left the stream are missed once, and what comes next is done`()
    async throws
  {
    let drained = try await Drained()
    try await drained.add(0..<10)
    #expect(try await drained.run().exitCode == 0)
    try await drained.add(10..<15)
    try await drained.place.redis("XREADGROUP", "GROUP", "oneshot", "oneshot", "STREAMS", "events:job", ">")
    try await drained.place.redis("XTRIM", "events:job", "MAXLEN", "0")
    let run = try await drained.run()
    #expect(run.exitCode == 65 && run.count("missed") == 5, "\(run.output)\(run.errors)")
    #expect(try await drained.letters().count == 5)
    try await drained.add(15..<20)
    let next = try await drained.run()
    #expect(next.exitCode == 0 && next.count("done") == 5 && next.count("missed") == 0, "\(next.output)")
    #expect(try await drained.effects(are: 15))
  }

  @Test func `a pass over the table that ends at the last row of a run goes on with the next`() async throws {
    let drained = try await Drained(["EVENTS_SOURCE": "postgres"])
    for from in [0, 20, 40] {
      try await drained.write(from..<from + 20, to: "postgres")
      let run = try await drained.run([], ["EVENTS_MAX": "20"])
      #expect(run.exitCode == 0 && run.count("done") == 20, "\(run.output)")
    }
    let last = try await drained.run()
    #expect(last.exitCode == 0 && last.count("done") == 0 && last.count("behind") == 0, "\(last.output)")
  }

  @Test(arguments: [false, true])
  func `an event of the table that takes its server down is given up, and all others are done`(waits: Bool) async throws
  {
    let drained = try await Drained([
      "EVENTS_SOURCE": "postgres", "EVENTS_BATCH": "10", "JOB_ATTEMPTS": "1", "EVENTS_RETRY": "1m",
    ])
    try drained.handler(
      "effect",
      """
      -- handles: test.*
      with kept as (
        insert into effects (id)
        select id from events
        where case when data ->> 'amount' = '2' and attempt > \(waits ? 1 : 0) then pg_terminate_backend(pg_backend_pid())
          else true end
      )
      select n, 'retry' as outcome from events where data ->> 'amount' = '2' and attempt = 1
      """)
    try await drained.write((0..<40).map { Drained.event($0, amount: $0 == 15 ? "2" : "1") }, to: "postgres")
    if waits { #expect(try await drained.run().count("waiting") == 1) }
    var runs = 0
    while try await drained.run([], ["JOB_SCHEDULED_AT": "2025-11-08T02:30:00Z"]).exitCode == 69 {
      runs += 1
      guard runs < 60 else { throw TestFailure("it is never given up") }
    }
    #expect(runs >= 11)
    #expect(try await drained.letters() == ["fatal test.counted e15 pending"])
    #expect(try await drained.effects(are: 39))
  }

  @Test func `a dead letter that has no room for its event is replayed from the inbox, and holds up no other`()
    async throws
  {
    let drained = try await Drained()
    let large = "\"" + String(repeating: "x", count: 200_000) + "\""
    try await drained.add([
      Drained.event(1, type: "later", amount: large), Drained.event(2, type: "later"),
      Drained.event(3, type: "later", amount: large),
    ])
    #expect(try await drained.run().exitCode == 65)
    try drained.handler("later", "-- handles: later\ninsert into effects (id) select id from events")
    try await drained.place.execute("delete from oneshot.event_inbox where event_id = 'e3'")
    for id in 1...3 { try await drained.place.askForReplay("event-drain", "later e\(id)") }
    let run = try await drained.run()
    #expect(run.exitCode == 0 && run.replayed == [3, 2, 0, 1], "\(run.output)")
    #expect(run.errors.contains("later e3: its event is no longer stored, and has to be sent again"), "\(run.errors)")
    #expect(try await drained.place.value("select string_agg(id, ',' order by id) from effects") == "e1,e2")
  }

  @Test func `events have a dead letter each, whatever spaces their types and ids have`() async throws {
    let drained = try await Drained()
    try await drained.add([
      #"{"id":"c","type":"a b"}"#, #"{"id":"b c","type":"a"}"#, #"{"id":"d","type":"malformed","is_fields":"x"}"#,
    ])
    #expect(try await drained.run().count("failed") == 3)
    let items = [#""a b" c"#, #""malformed" d"#, "a b c"]
    #expect(try await Set(drained.letters()) == Set(items.map { "unknown \($0) pending" }))
    try drained.handler("all", "-- handles: a*, malformed\ninsert into effects (id) select id from events")
    try await drained.place.execute("delete from oneshot.event_inbox")
    for item in items { try await drained.place.askForReplay("event-drain", item) }
    let run = try await drained.run()
    #expect(run.exitCode == 0 && run.replayed == [3, 3, 0, 0], "\(run.output)")
    #expect(try await drained.place.value("select string_agg(id, ',' order by id) from effects") == "b c,c,d")
  }

  @Test func `handlers with mistakes hold up their own types, in batches of their own, too`() async throws {
    let drained = try await Drained(["EVENTS_BATCH": "10"])
    for name in ["a", "b"] { try drained.handler(name, "-- handles: \(name)\nselect nothing from events") }
    let types = ["a", "b", "test.counted", "test.counted", "test.counted", "test.counted"]
    try await drained.add((0..<60).map { Drained.event($0, type: types[$0 / 10]) })
    let run = try await drained.run()
    #expect(run.exitCode == 78 && run.count("done") == 40 && run.count("waiting") == 20, "\(run.output)")
    #expect(run.count("batches") == 6 && run.count("retried") == 0)
    #expect(try await drained.effects(are: 40))
  }

  @Test func `a constraint that is deferred fails on its event alone, and stays deferred for the others`() async throws
  {
    let drained = try await Drained()
    try await drained.place.execute(
      """
      create table parents (id integer primary key);
      create table children (id integer references parents deferrable initially deferred)
      """)
    // The children of a pair come before their parents.
    try drained.handler(
      "a", "-- handles: pair, child\ninsert into children (id) select (data ->> 'amount')::integer from events")
    try drained.handler(
      "b", "-- handles: pair\ninsert into parents (id) select (data ->> 'amount')::integer from events")
    let types = ["pair", "child", "pair", "test.counted", "pair", "test.counted"]
    try await drained.add(
      types.enumerated().map {
        Drained.event($0.offset, type: $0.element, key: 1, amount: $0.element == "child" ? "777" : "\($0.offset)")
      })
    let run = try await drained.run()
    #expect(run.exitCode == 0 && run.count("done") == 5 && run.count("waiting") == 1, "\(run.output)\(run.errors)")
    #expect(!run.output.contains("777") && !run.errors.contains("777"))
    #expect(try await drained.place.value("select string_agg(id::text, ',' order by id) from children") == "0,2,4")
    let failed =
      "select event_id || ' ' || attempts || ' ' || last_error from oneshot.event_inbox where state = 'waiting'"
    let shown = try await drained.place.value(failed)
    #expect(shown.hasPrefix("e1 1 ") && shown.contains("foreign key"), "\(shown)")
  }

  @Test(arguments: ["redis", "postgres"])
  func `an event that is longer than a text may be is malformed, and holds up no other`(source: String) async throws {
    let drained = try await Drained(["EVENTS_SOURCE": source])
    let numbers = Array(repeating: "1e131071", count: 9000).joined(separator: ",")
    try await drained.write(
      [Drained.event(1), #"{"id":"long","type":"other","data":[\#(numbers)]}"#, Drained.event(2)], to: source)
    let run = try await drained.run()
    #expect(run.exitCode == 65 && run.count("done") == 2 && run.count("failed") == 1, "\(run.output)\(run.errors)")
    #expect(try await drained.letters().allSatisfy { $0.hasPrefix("malformed malformed ") })
    #expect(try await drained.effects(are: 2))
  }

  @Test func `no event is looked for that takes too long once the time is over, and it is found in later runs`()
    async throws
  {
    let drained = try await Drained(["EVENTS_TIMEOUT": "200ms", "EVENTS_TIME": "1s", "EVENTS_ATTEMPTS": "3"])
    try await drained.place.execute("create sequence calls")
    try drained.handler(
      "effect",
      """
      -- handles: test.*
      with called as materialized (select nextval('calls') as number)
      insert into effects (id)
      select id from events
      where (select number from called) > 0
        and case when data ->> 'amount' = '2' then pg_sleep(3600) is not null else true end
      """)
    try await drained.add((0..<60).map { Drained.event($0, amount: $0 % 2 == 0 ? "2" : "1") })
    let first = try await drained.run()
    #expect(first.exitCode == 0 && first.result["details", "ended_by"].string == "time", "\(first.output)")
    // Each took a fifth of the time, and the last was begun within it.
    let calls = try await drained.place.value("select last_value from calls")
    #expect((Int(calls) ?? 0) <= 10, "\(calls)")
    var day = 10
    while try await drained.place.value("select count(*) from oneshot.event_inbox where state = 'waiting'") != "0" {
      _ = try await drained.run([], ["JOB_SCHEDULED_AT": "2025-12-\(day)T02:00:00Z", "EVENTS_TIME": "20s"])
      day += 1
      guard day < 30 else { throw TestFailure("they are never done") }
    }
    #expect(try await drained.effects(are: 30))
    #expect(try await drained.letters().count == 30)
  }

  @Test func `a run that fails when its time is over fails, and does not end as if it had found nothing`() async throws
  {
    let drained = try await Drained(["EVENTS_TIME": "1s", "JOB_ATTEMPTS": "2"])
    try drained.handler(
      "effect",
      """
      -- handles: test.*
      select n, 'retry' as outcome from events
      where case when pg_sleep(1.2) is null then true else pg_terminate_backend(pg_backend_pid()) end
      """)
    try await drained.add(0..<1)
    let run = try await drained.run()
    #expect(run.exitCode == 69, "\(run.output)")
  }
}
