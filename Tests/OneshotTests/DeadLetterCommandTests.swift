import Foundation
import Postgres
import TestSupport
import Testing

@testable import JobRuntime

/// `oneshot dead-letters …`, the real binary.
@Suite(.timeLimit(.minutes(10))) struct DeadLetterCommandTests {
  let place: Place

  init() async throws { place = try await Place() }

  func run(
    _ arguments: [String], _ settings: [String: String] = ["ONESHOT_OPERATOR": "anna"]
  ) async throws -> Binary.Outcome {
    try await Binary("oneshot").run(["dead-letters"] + arguments, place.environment.merging(settings) { $1 })
  }

  /// Records failures as a run does.
  func fail(
    _ items: [String], job: String = "a-job", kind: String = "bad", at seconds: Int64 = 1_700_000_000
  ) async throws {
    var generator = SystemRandomNumberGenerator()
    let moment = Timestamp(seconds: seconds)
    let statements = DeadLetters.recording(
      items.map {
        ItemFailure(
          item: $0, kind: LetterKind(kind, cause: "It is \(kind).", remedy: "Correct it."), message: "«\($0)» is bad",
          payload: ["of": .string($0)])
      },
      of: RunIdentity(job: job),
      runID: RunID(at: moment, using: &generator), at: moment)
    try await place.database.withSession { session in try session.pipeline(statements) }
  }

  func letters(_ condition: String = "true") async throws -> [[String]] {
    try await place.rows("select * from oneshot.dead_letters where \(condition) order by job, item_digest")
  }

  private func actions() async throws -> [String] {
    try await place.rows(
      """
      select action || ' ' || job || ' ' || item || ' ' || acted_by || ' ' || (role = current_user) || ' ' || error_kind
        || ' ' || attempts as a from oneshot.dead_letter_actions order by id
      """
    ).map { $0[0] }
  }

  func documents(_ run: Binary.Outcome) -> [ResultLine] { ResultLine(text: run.output).elements }

  @Test func `they are listed by job, kind, state and age, the newest first, and so many at most`() async throws {
    try await fail(["old"], at: 1_600_000_000)
    try await fail(["one", "two"], kind: "worse")
    try await fail(["other"], job: "b-job")
    try await fail(["new"], at: 1_800_000_000)
    try await place.execute("update oneshot.dead_letters set state = 'resolved' where item = 'two'")
    func items(_ arguments: String...) async throws -> [String?] {
      documents(try await run(["list", "--json"] + arguments)).map { $0["item"].string }
    }
    #expect(try await items().first == "new")
    #expect(try await Set(items()) == ["new", "one", "other", "old"])
    #expect(try await items("--job", "b-job") == ["other"])
    #expect(try await items("--kind", "worse") == ["one"])
    #expect(try await items("--state", "resolved") == ["two"])
    #expect(try await items("--state=all", "--kind=worse").count == 2)
    #expect(try await Set(items("--older-than", "1d")) == ["one", "other", "old"])
    let two = try await run(["list", "--limit", "2"])
    let lines = two.output.split(separator: "\n")
    #expect(two.exitCode == 0 && lines.count == 3 && lines[1].hasSuffix("  new"), "\(two.output)")
    #expect(two.errors == "2 more: these are the newest 2\n")
    #expect(try await run(["list", "--job", "nobody"]).errors == "no dead letter matches\n")
  }

  @Test func `one is shown whole, by its name or its id, with what was done with it`() async throws {
    try await fail(["it"])
    try await fail(["it"], at: 1_700_000_100)
    #expect(try await run(["replay", "a-job", "it"]).exitCode == 0)
    #expect(try await run(["discard", "a-job", "it", "--by", "bert\u{1b}[2J"], [:]).exitCode == 0)
    let shown = try await run(["show", "a-job", "it"])
    #expect(shown.exitCode == 0)
    let digest = try await place.value("select encode(item_digest, 'hex') from oneshot.dead_letters")
    for text in [
      "a-job", digest, "discarded", "«it» is bad", #"{"of": "it"}"#, "2023-11-14T22:13:20Z", "2023-11-14T22:15:00Z",
      "replay ", "anna", "discard ", #"bert\u{1b}[2J"#, "bad: «it» is bad",
    ] { #expect(shown.output.contains(text), "\(text): \(shown.output)") }
    #expect(try await run(["show", "a-job", String(digest.prefix(12))]).output == shown.output)
    let json = ResultLine(text: try await run(["show", "a-job", digest, "--json"]).output)
    #expect(json["state"].string == "discarded" && json["attempts"].int == 2 && json["payload", "of"].string == "it")
    #expect(json["actions"].elements.map { $0["action"].string } == ["discard", "replay"])
    #expect(json["actions_total"].int == 2 && json["replay_asked_at"].string == nil)
    let missing = try await run(["show", "a-job", "nothing"])
    #expect(missing.exitCode == 1 && missing.errors.contains("there is no dead letter of a-job"))
    #expect(try await run(["show", "b-job", "it"]).exitCode == 1)
  }

  @Test func `an id that begins as others do is not taken for one of them`() async throws {
    try await place.execute(
      """
      insert into oneshot.dead_letters (job, item_digest, item, payload, error_kind, error_message, attempts,
        first_failed_at, last_failed_at, last_run_id, state)
      select 'a-job', sha256(convert_to(g::text, 'UTF8')), g, '{}', 'bad', '', 1, now(), now(), gen_random_uuid(), 'pending'
      from generate_series(1, 30000) g
      """)
    let beginning = try await place.value(
      "select min(b) from (select left(encode(item_digest, 'hex'), 6) as b from oneshot.dead_letters group by 1 having count(*) > 1) c"
    )
    let run = try await run(["discard", "a-job", beginning])
    #expect(run.exitCode == 1 && run.errors.contains("several ids begin with that") && run.output.contains(beginning))
    let shown = try await self.run(["show", "a-job", beginning, "--json"])
    #expect(shown.exitCode == 1 && shown.result.elements.count > 1, "\(shown.output)")
    #expect(try await letters("state <> 'pending'").isEmpty)
    let list = try await self.run(["list"])
    #expect(list.output.split(separator: "\n").count == 51 && list.errors.hasPrefix("29950 more"))
  }

  @Test func `a replay asks once and is audited; asked again it says so`() async throws {
    try await fail(["x", "y"])
    try await fail(["z"], job: "b-job")
    let first = try await run(["replay", "--kind", "bad", "--limit", "2"])
    #expect(first.output == "requested 2 dead letters (a-job 2), by anna; the job's next run does them again\n")
    #expect(first.errors == "1 more: these are the 2 that failed longest ago\n")
    let second = try await run(["replay", "--older-than", "1h"], [:])
    #expect(second.output.hasPrefix("requested 1 dead letter (b-job 1), by ") && second.output.contains("@"))
    #expect(second.errors == "requested already: 2\n")
    let again = try await run(["replay", "a-job", "x"])
    #expect(again.exitCode == 0 && again.output == "" && again.errors == "requested already: 1\n")
    #expect(try await letters("replay_asked_by = 'anna' and replay_asked_at is not null").count == 2)
    let said = try await actions()
    #expect(said.count == 3 && said.filter { $0.contains(" anna true bad 1") }.count == 2, "\(said)")
  }

  @Test func `of two replays at once each item is asked once and audited once`() async throws {
    try await fail((0..<400).map { "item \($0)" })
    let runs = try (0..<4).map { number in
      try Binary("oneshot").start(
        ["dead-letters", "replay", "--job", "a-job"],
        place.environment.merging(["ONESHOT_OPERATOR": "operator \(number)"]) { $1 })
    }
    var asked = 0
    for running in runs {
      let outcome = await running.outcome()
      #expect(outcome.exitCode == 0, "\(outcome.errors)")
      asked += Int(outcome.output.split(separator: " ").dropFirst().first ?? "0") ?? 0
    }
    #expect(asked == 400)
    #expect(try await place.value("select count(*) from oneshot.dead_letter_actions") == "400")
    #expect(
      try await place.value(
        """
        select count(*) from oneshot.dead_letters d
        join oneshot.dead_letter_actions a using (job, item_digest) where d.replay_asked_by = a.acted_by
        """) == "400")
  }

  @Test func `of two that ask for the same locked row the second finds it asked`() async throws {
    try await fail(["it"])
    // The first has asked and not committed yet.
    let first = try await OpenTransaction(
      in: place,
      "update oneshot.dead_letters set replay_asked_at = now(), replay_asked_by = 'first' where item = 'it'")
    let second = try Binary("oneshot").start(
      ["dead-letters", "replay", "a-job", "it"], place.environment.merging(["ONESHOT_OPERATOR": "second"]) { $1 })
    try await place.until(
      orEndOf: second,
      "select exists (select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database())")
    try await first.commit()
    let outcome = await second.outcome()
    #expect(outcome.exitCode == 0 && outcome.errors == "another operator has requested them meanwhile\n", "\(outcome)")
    #expect(try await letters("replay_asked_by = 'first'").count == 1)
    #expect(try await actions() == [])
  }

  @Test func `a plan shows what would be done and changes nothing`() async throws {
    try await fail(["new"], at: 1_800_000_000)
    try await fail((0..<30).map { "item \($0)" })
    try await fail(["oldest"], at: 1_500_000_000)
    try await fail(["old"], at: 1_600_000_000)
    #expect(try await run(["replay", "a-job", "oldest"]).exitCode == 0)
    let (before, done) = (try await letters(), try await actions())
    func items(_ run: Binary.Outcome) -> [String] {
      run.output.split(separator: "\n").dropFirst().compactMap {
        $0.firstMatch(of: /(item \d+|old|oldest|new)$/).map { String($0.output.1) }
      }
    }
    let replay = try await run(["replay", "--job", "a-job", "--plan"])
    #expect(replay.exitCode == 0 && replay.output.hasSuffix("… and 12 more\nwould request 32; nothing was changed\n"))
    #expect(replay.errors == "requested already: 1\n")
    #expect(items(replay).count == 20 && items(replay).first == "old", "\(replay.output)")
    let discard = try await run(["discard", "--job", "a-job", "--plan", "--limit", "2"])
    #expect(discard.exitCode == 0 && discard.output.hasSuffix("would discard 2; nothing was changed\n"))
    #expect(items(discard) == ["oldest", "old"], "\(discard.output)")
    #expect(try await letters() == before)
    #expect(try await actions() == done)
    // And those are the ones with which it is done.
    #expect(try await run(["discard", "--job", "a-job", "--yes", "--limit", "2"]).exitCode == 0)
    #expect(try await letters("state = 'discarded' and item in ('oldest', 'old')").count == 2)
  }

  @Test func `more than one is discarded only by who says yes, and never more than were counted`() async throws {
    try await fail(["x", "y", "z"])
    #expect(try await run(["replay", "a-job", "x"]).exitCode == 0)
    let unsaid = try await run(["discard", "--job", "a-job"])
    #expect(unsaid.exitCode == 64 && unsaid.errors.contains("discarding 3 dead letters needs a confirmation"))
    #expect(try await letters("state <> 'pending'").isEmpty)
    #expect(try await run(["discard", "a-job", "z"]).output == "discarded 1 dead letter (a-job 1), by anna\n")
    let yes = try await run(["discard", "--job", "a-job", "--yes", "--by=bert"])
    #expect(yes.exitCode == 0 && yes.output.contains("discarded 2 dead letters (a-job 2), by bert"))
    #expect(try await letters("state = 'discarded' and replay_asked_at is null").count == 3)
    #expect(try await actions().map { $0.prefix { $0 != " " } } == ["replay", "discard", "discard", "discard"])
    let again = try await run(["discard", "a-job", "x"])
    #expect(again.exitCode == 1 && again.errors == "nothing was changed: the letter is discarded\n")
    #expect(try await run(["discard", "--job", "a-job", "--yes"]).errors == "no pending dead letter matches\n")
    // One that fails again is pending again.
    try await fail(["x"])
    #expect(try await letters("state = 'pending'").count == 1)
  }

  @Test(arguments: [("n", 1, 0), ("yes", 0, 2)])
  func `a person at a terminal is asked`(answer: String, exitCode: Int, discarded: Int) async throws {
    try await fail(["x", "y"])
    let input = Pipe()
    let binary = Binary("oneshot").url.path
    let running = try Binary(path: "/usr/bin/script").start(
      ["-qec", "\(binary) dead-letters discard --job a-job", "/dev/null"],
      place.environment.merging(["ONESHOT_OPERATOR": "anna", "SHELL": "/bin/sh"]) { $1 }, input: input)
    try input.fileHandleForWriting.write(contentsOf: Data("\(answer)\n".utf8))
    let outcome = try await running.outcome(within: .seconds(180))
    try? input.fileHandleForWriting.close()
    #expect(outcome.output.contains("Discard 2 dead letters?"), "\(outcome)")
    #expect(outcome.exitCode == Int32(exitCode))
    #expect(try await letters("state = 'discarded'").count == discarded)
  }

  @Test(arguments: [
    (["replay"], "say which"), (["discard", "--yes"], "say which"), (["replay", "a-job"], "ITEM is missing"),
    (["replay", "a-job", "x", "--kind", "bad"], "not both"), (["replay", "a-job", "x", "y"], "one too many"),
    (["list", "--state", "lost"], "not one of pending"), (["show"], "JOB is missing"),
    (["replay", "--older-than", "soon"], "not a duration"), (["discard", "--limit", "0"], "from 1 to"),
  ])
  func `what is not meant so is refused before anything is contacted`(arguments: [String], says: String) async throws {
    let run = try await Binary("oneshot").run(["dead-letters"] + arguments, ["DATABASE_URL": "host=/nowhere dbname=x"])
    #expect(run.exitCode == 64 && run.errors.contains(says), "\(run.errors)")
  }
}
