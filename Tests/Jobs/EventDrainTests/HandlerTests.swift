import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10))) struct HandlerTests {
  @Test func `one bad event among 500 is a dead letter, and 499 are done in that run`() async throws {
    let drained = try await Drained()
    try await drained.add((0..<500).map { Drained.event($0, amount: $0 == 321 ? #""a secret""# : "1") })
    let run = try await drained.run()
    #expect(run.exitCode == 65 && run.count("done") == 499 && run.count("failed") == 1, "\(run.output)")
    #expect(try await drained.letters() == ["failed test.counted e321 pending"])
    #expect(try await drained.effects(are: 499))
    #expect(!run.output.contains("a secret") && !run.errors.contains("a secret"))
    #expect(
      try await drained.place.value("select last_error from oneshot.event_inbox where event_id = 'e321'").contains(
        "a secret"))
  }

  @Test func `500 bad events are 500 dead letters`() async throws {
    let drained = try await Drained()
    try await drained.add((0..<500).map { Drained.event($0, amount: #""bad""#) })
    let run = try await drained.run()
    #expect(run.exitCode == 65 && run.count("failed") == 500, "\(run.output)")
    #expect(
      try await drained.place.value("select count(*) from oneshot.dead_letters where error_kind = 'failed'") == "500")
    #expect(try await drained.effects(are: 0))
  }

  @Test func `a handler with a misspelt column holds up only its own type, until it is corrected`() async throws {
    let drained = try await Drained()
    try drained.handler("wrong", "-- handles: wrong\ninsert into effects (id, kee) select id, key from events")
    try await drained.add((0..<10).map { Drained.event($0, type: "wrong") } + (10..<20).map { Drained.event($0) })
    let run = try await drained.run()
    #expect(run.exitCode == 78 && run.count("done") == 10 && run.count("waiting") == 10, "\(run.output)")
    #expect(run.result["error", "message"].string?.contains("wrong.sql, line 2") == true, "\(run.output)")
    let check = try await drained.run(["--check"])
    #expect(check.exitCode == 78 && check.output.contains("wrong.sql, line 2"), "\(check.output)")
    #expect(
      try await drained.place.value("select max(attempts) from oneshot.event_inbox where state = 'waiting'") == "0")
    try drained.handler("wrong", "-- handles: wrong\ninsert into effects (id, key) select id, key from events")
    let mended = try await drained.run()
    #expect(mended.exitCode == 0 && mended.count("done") == 10 && mended.count("retried") == 10, "\(mended.output)")
    #expect(try await drained.effects(are: 20))
  }

  @Test func `what may clear up is tried again when it is due, and given up after its attempts`() async throws {
    let drained = try await Drained(["EVENTS_ATTEMPTS": "3", "EVENTS_RETRY": "30s,2m"])
    try drained.handler(
      "late",
      """
      -- handles: late
      insert into children (id) select (data ->> 'amount')::integer from events
      """)
    try await drained.place.execute(
      "create table parents (id integer primary key); create table children (id integer references parents)")
    try await drained.add([
      Drained.event(1, type: "late", amount: "1"), Drained.event(2, type: "late", amount: "2"), Drained.event(3),
    ])
    let first = try await drained.run()
    #expect(first.exitCode == 0 && first.count("done") == 1 && first.count("waiting") == 2, "\(first.output)")
    #expect(try await drained.run([], ["JOB_SCHEDULED_AT": "2025-11-08T02:00:10Z"]).count("retried") == 0)
    try await drained.place.execute("insert into parents values (1)")
    let second = try await drained.run([], ["JOB_SCHEDULED_AT": "2025-11-08T02:01:00Z"])
    #expect(second.count("retried") == 2 && second.count("done") == 1, "\(second.output)")
    let third = try await drained.run([], ["JOB_SCHEDULED_AT": "2025-11-08T02:05:00Z"])
    #expect(third.exitCode == 65 && third.count("failed") == 1, "\(third.output)")
    #expect(try await drained.letters() == ["failed late e2 pending"])
    #expect(try await drained.place.value("select string_agg(id::text, ',') from children") == "1")
  }

  @Test func `rows that a handler yields are refused or tried again, and nothing of them is kept`() async throws {
    let drained = try await Drained()
    try drained.handler(
      "effect",
      """
      -- handles: test.*
      with kept as (insert into effects (id) select id from events)
      select n, case (data ->> 'amount')::integer when 2 then 'reject' else 'retry' end as outcome, 'because' as message
      from events where (data ->> 'amount')::integer > 1
      """)
    try await drained.add((1...3).map { Drained.event($0, amount: "\($0)") })
    let run = try await drained.run()
    #expect(run.exitCode == 65 && run.count("done") == 1 && run.count("waiting") == 1, "\(run.output)")
    #expect(try await drained.letters() == ["rejected test.counted e2 pending"])
    #expect(try await drained.place.value("select string_agg(id, ',') from effects") == "e1")
  }

  @Test func `several handlers of one type are done together or not at all`() async throws {
    let drained = try await Drained()
    try drained.handler(
      "another",
      "-- handles: test.counted\ninsert into others select id from events where 1 / (data ->> 'amount')::integer > 0")
    try await drained.place.execute("create table others (id text)")
    try await drained.add((0..<20).map { Drained.event($0, amount: $0 == 7 ? "0" : "1") })
    let run = try await drained.run()
    #expect(run.count("done") == 19 && run.count("failed") == 1, "\(run.output)")
    #expect(try await drained.effects(are: 19))
    #expect(try await drained.place.value("select count(*) from others") == "19")
    #expect(try await drained.place.value("select count(*) from effects where id = 'e7'") == "0")
  }

  @Test func `events of one key are seen in their order, also after retries where a handler keeps one`() async throws {
    let drained = try await Drained(["EVENTS_RETRY": "30s"])
    try drained.handler(
      "effect",
      """
      -- handles: test.*
      -- order: key
      with kept as (insert into effects (id, key, n) select id, key, n from events order by n)
      select n, 'retry' as outcome from events where (data ->> 'amount')::integer = 2 and attempt = 1
      """)
    try drained.handler(
      "even", "-- handles: even\ninsert into effects (id, key, n) select id, key, n from events order by n")
    let events = (0..<300).map { number in
      Drained.event(
        number, type: number % 5 == 0 ? "even" : "test.a", key: number % 3, amount: number == 31 ? "2" : "1")
    }
    try await drained.add(events)
    #expect(try await drained.run([], ["EVENTS_BATCH": "50"]).exitCode == 0)
    let waiting = try await drained.place.value("select count(*) from oneshot.event_inbox where state = 'waiting'")
    #expect((Int(waiting) ?? 0) > 50, "\(waiting)")
    #expect(try await drained.run([], ["JOB_SCHEDULED_AT": "2025-11-08T02:01:00Z", "EVENTS_BATCH": "7"]).exitCode == 0)
    #expect(try await drained.effects(are: 300))
    // Of the handler that keeps an order each key's events in theirs; the other one's overtake those that wait.
    let late = try await drained.place.value(
      """
      select count(*) from (
        select key, seen, max(substr(id, 2)::integer) over (partition by key order by seen) as most, substr(id, 2)::integer as number
        from effects where substr(id, 2)::integer % 5 <> 0) as e
      where number < most
      """)
    #expect(late == "0")
  }

  @Test func `a file that is no handler is refused by name, and a handler that is built in can be replaced`()
    async throws
  {
    let drained = try await Drained()
    try drained.handler("effect", "select 1")
    let check = try await drained.run(["--check"])
    #expect(
      check.exitCode == 78 && check.output.contains("it does not begin with a comment `handles: TYPE`"),
      "\(check.output)")
    try drained.handler("effect", Drained.effect)
    try drained.handler("search", "-- handles: search.update\ninsert into effects (id) select id from events")
    try await drained.add([Drained.event(1, type: "search.update")])
    #expect(try await drained.run().count("done") == 1)
    #expect(try await drained.effects(are: 1))
  }

  @Test func `the built-in handlers queue documents, windows and notifications for the jobs that do them`() async throws
  {
    let drained = try await Drained()
    try await drained.add([
      #"{"id":"1","type":"search.update","data":{"entity":"asset","entity_id":"17"}}"#,
      #"{"id":"2","type":"search.update","data":{"entity":"asset"}}"#,
      #"{"id":"3","type":"job.analytics.aggregate","data":{"from":"2025-11-07T00:00:00Z","to":"2025-11-07T02:00:00Z"}}"#,
      #"{"id":"4","type":"job.analytics.aggregate","data":{"from":"2025-11-07T00:00:00Z","to":"2025-11-06T02:00:00Z"}}"#,
      #"{"id":"5","type":"notification.created","data":{"notification_id":17}}"#,
      #"{"id":"6","type":"notification.created","data":{"id":17}}"#,
    ])
    let run = try await drained.run()
    #expect(run.count("done") == 3 && run.count("failed") == 3, "\(run.output)")
    #expect(try await drained.place.rows("select notification_id as a from oneshot.notification_pending") == [["17"]])
    #expect(
      try await drained.place.rows("select entity as a, entity_id as b from search_pending") == [["asset", "17"]])
    #expect(
      try await drained.place.value("select count(*) || ' ' || max(occurred_at)::text from oneshot.rollup_changes")
        == "9 2025-11-07 01:59:59.999999+00")
  }

  @Test func `events for jobs that are not there are dead letters that say so, unless a handler takes them`()
    async throws
  {
    let drained = try await Drained()
    let types = [
      "user_created", "job.email.welcome", "job.reward.deliver", "job.fraud.detect",
      "analytics.viewed",
    ]
    try await drained.add(types.enumerated().map { Drained.event($0.offset, type: $0.element) })
    let run = try await drained.run()
    #expect(run.exitCode == 65 && run.count("failed") == types.count, "\(run.output)")
    #expect(try await drained.letters().allSatisfy { $0.hasPrefix("absent ") })
    #expect(run.output.contains("there is no table rewards here"))
    // A handler of another name, for one of the types.
    try drained.handler("welcome", "-- handles: job.email.welcome\ninsert into effects (id) select id from events")
    try await drained.place.askForReplay("event-drain", "job.email.welcome e1")
    try await drained.add([Drained.event(20, type: "job.email.welcome"), Drained.event(21, type: "job.email.other")])
    let next = try await drained.run()
    #expect(next.count("done") == 1 && next.count("failed") == 1 && next.replayed == [1, 1, 0, 0], "\(next.output)")
    #expect(try await drained.effects(are: 2))
  }

  @Test func `a replay processes a dead letter once, and resolves one that is done by then`() async throws {
    let drained = try await Drained()
    try await drained.add([Drained.event(1, type: "later"), Drained.event(2, type: "later")])
    #expect(try await drained.run().exitCode == 65)
    try drained.handler("later", "-- handles: later\ninsert into effects (id) select id from events")
    try await drained.place.execute("update oneshot.event_inbox set state = 'done' where event_id = 'e2'")
    try await drained.place.askForReplay("event-drain", "later e1")
    try await drained.place.askForReplay("event-drain", "later e2")
    let run = try await drained.run()
    #expect(run.exitCode == 0 && run.replayed == [2, 2, 0, 0], "\(run.output)")
    #expect(try await drained.place.value("select string_agg(id, ',') from effects") == "e1")
    #expect(try await drained.place.letters() == ["later e1 resolved 1", "later e2 resolved 1"])
  }
}
