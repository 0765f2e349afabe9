import Foundation
import JobRuntime
import TestSupport
import Testing

/// `oneshot runs` and `oneshot run`.
@Suite(.timeLimit(.minutes(10))) struct RunsTests {
  /// The runs that a table lists, by the second column.
  private func jobs(_ outcome: Binary.Outcome) -> [String] {
    outcome.output.split(separator: "\n").dropFirst().map { line in
      String(line.split(separator: " ", omittingEmptySubsequences: true)[1])
    }
  }

  private func oneSpace(_ text: String) -> String { text.replacing(#/ +/#, with: " ") }

  @Test func `the newest runs are listed first, those of variants and shards by their part`() async throws {
    let here = try await Operator()
    try await here.add(1, job: "top-stats", ["items_processed": "12345", "errors_total": "3"])
    try await here.add(
      3,
      [
        "variant": "'pending'", "shard": "2", "shard_count": "3", "status": "'failed'",
        "error_kind": "'deadline'", "error_message": "'the run took longer'",
      ])
    try await here.add(2, ["status": "'running'", "finished_at": "null"])
    let runs = try await here.run("runs")
    #expect(runs.exitCode == 0 && runs.errors == "")
    #expect(jobs(runs) == ["top-stats", "reindex", "reindex:pending/2"])
    let lines = runs.output.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
    #expect(lines[0] == "RUN JOB STARTED AGE STATUS TOOK ITEMS ERRORS ERROR")
    #expect(lines[1].contains(" succeeded 2.5s 12345 3 -") && lines[2].contains(" running - - 0 -"))
    #expect(lines[3].hasSuffix(" failed 2.5s - 0 deadline: the run took longer"))
  }

  @Test func `job, variant, status and age narrow the list, alone and together`() async throws {
    let here = try await Operator()
    for number in 1...4 { try await here.add(number, ["variant": number % 2 == 0 ? "'pending'" : "''"]) }
    try await here.add(5, job: "top-stats", ["status": "'failed'"])
    try await here.add(6, ["status": "'failed'", "started_at": "now() - interval '9 days'"])
    #expect(try await jobs(here.run("runs", "--job", "top-stats")) == ["top-stats"])
    #expect(try await jobs(here.run("runs", "--variant", "pending")).count == 2)
    #expect(try await jobs(here.run("runs", "--variant=", "--job=reindex", "--since", "7d")).count == 2)
    #expect(try await jobs(here.run("runs", "--status", "failed")) == ["top-stats", "reindex"])
    #expect(try await jobs(here.run("runs", "--status", "failed", "--since", "7d")) == ["top-stats"])
    let none = try await here.run("runs", "--job", "nothing")
    #expect(none.exitCode == 0 && none.output == "" && none.errors == "no run matches\n")
  }

  @Test func `it says when there are more than it shows`() async throws {
    let here = try await Operator()
    for number in 1...4 { try await here.add(number) }
    let some = try await here.run("runs", "--limit", "3")
    #expect(jobs(some).count == 3 && some.errors.contains("there are more: these are the newest 3"))
    let all = try await here.run("runs", "--limit", "4")
    #expect(jobs(all).count == 4 && all.errors == "")
    let json = try await here.run("runs", "--limit", "1", "--json")
    #expect(json.result.count == 1 && json.errors.contains("there are more"))
  }

  @Test func `a program gets every column`() async throws {
    let here = try await Operator()
    let id = try await here.add(
      1,
      [
        "window_start": "'2025-11-01Z'", "window_end": "'2025-11-08Z'", "counts": #"'{"scanned": 7}'"#,
        "details": "'{\"by\": [1, 2]}'", "deadline_at": "'2025-11-08T03:00:00Z'", "behind": "3",
        "scheduled_at": "'2025-11-08T02:00:00.5Z'", "scheduled_by": "'setting'",
      ])
    let outcome = try await here.run("runs", "--json")
    let run = outcome.result[0]
    #expect(run["run_id"].string == id && run["counts", "scanned"].int == 7 && run["details", "by"].count == 2)
    #expect(run["window_start"].string == "2025-11-01T00:00:00Z" && run["duration_ms"].int == 2500)
    #expect(run["scheduled_at"].string == "2025-11-08T02:00:00.500000Z" && run["behind"].int == 3)
    // Whatever column is added to the ledger is told, too.
    let columns = try await here.place.rows(
      """
      select attname from pg_attribute
      where attrelid = 'oneshot.job_runs'::regclass and attnum > 0 and not attisdropped
      """)
    for column in columns { #expect(outcome.output.contains("\"\(column[0])\":"), "\(column[0])") }
    #expect(try await here.run("runs", "--json", "--job", "none").output == "[]\n")
  }

  @Test func `a hostile ledger is shown, not obeyed`() async throws {
    let here = try await Operator()
    let id = try await here.add(
      1,
      [
        "host": Operator.hostile, "job": Operator.hostile, "error_kind": "'x'",
        "error_message": Operator.hostile, "details": "jsonb_build_object(\(Operator.hostile), \(Operator.hostile))",
        "counts": "jsonb_build_object(\(Operator.hostile), 1)",
      ])
    try await here.place.execute(
      """
      insert into oneshot.dead_letters (job, item_digest, item, payload, error_kind, error_message, attempts,
        first_failed_at, last_failed_at, last_run_id, state)
      select \(Operator.hostile), 'x', \(Operator.hostile), '{}', \(Operator.hostile), \(Operator.hostile), 1, now(),
        now(), '\(id)', 'pending'
      """)
    for words in [["runs"], ["run", id]] {
      let outcome = try await Operator.oneshot.run(words, here.place.environment)
      #expect(outcome.exitCode == 0 && outcome.output.contains(#"\u{1b}[2J\u{1b}]0;owned\u{7} \u{202e}back"#))
      #expect(Operator.isHarmless(outcome.output))
    }
    #expect(try await here.run("runs").output.split(separator: "\n").count == 2)
    let json = try await here.run("run", id, "--json")
    #expect(Operator.isHarmless(json.output) && json.output.split(separator: "\n").count == 1)
    #expect(json.result["host"].string?.hasPrefix("\u{1b}[2J") == true)
    #expect(json.result["dead_letters"][0]["item"].string?.contains("\u{202e}back") == true)
  }

  @Test func `in a terminal lines end where it does, in a pipe they are whole`() async throws {
    let here = try await Operator()
    try await here.add(1, ["error_kind": "'internal'", "error_message": "repeat('long ', 100)"])
    let typed = try TypedCommand(["runs"], here.place.environment, columns: 120)
    #expect(try await typed.outcome().exitCode == 0)
    let line = try #require(typed.screen.split(separator: "\r\n").first { $0.hasPrefix("01a1ff42") })
    #expect(line.hasSuffix("…") && line.count == 120, "\(typed.screen)")
    #expect(try await here.run("runs").output.contains(String(repeating: "long ", count: 100)))
  }

  @Test func `what the job told is what the operator sees`() async throws {
    let usage = try await Usage()
    let here = try await Operator(at: usage.place)
    try await usage.set(["m:2025-11-07:x": "5", "bad:2025-11-07:x": "?"])
    let told = try await usage.run().result
    let id = try #require(told["run_id"].string)
    let outcome = try await here.run("run", id)
    #expect(outcome.exitCode == 0)
    for fact in [
      "status   partial", "slot     2025-11-08T02:00:00Z, set by setting, forced",
      "window   2025-11-01T00:00:00Z to 2025-11-08T00:00:00Z", "version  \(told["version"].string ?? "")",
      " of at most 50m", "not held", "Dead letters of this run: 1\n", "usage:bad:2025-11-07:x  pending",
    ] {
      #expect(oneSpace(outcome.output).contains(oneSpace(fact)), "\(fact)")
    }
    for name in ["scanned", "matched", "inserted", "failed", "days"] {
      let count = try #require(told["counts", name].int)
      #expect(outcome.output.contains(try Regex("\\s\(name) +\(count)\n")), "\(name)")
    }
    let json = try await here.run("run", id, "--json").result
    #expect(json["counts", "inserted"].int == 1 && json["dead_letters_total"].int == 1)
    #expect(json["lock", "is_held"].bool == false)
  }

  @Test func `the beginning of an id is enough where no other run has it`() async throws {
    let here = try await Operator()
    let first = try await here.add(1)
    try await here.add(2)
    try await here.place.execute(
      "update oneshot.job_runs set run_id = 'abcdef00-0000-7000-8000-000000000000' where fence = 2")
    for beginning in ["a", "ABCDEF", "abcdef00-0", "abcdef0000007"] {
      #expect(try await here.run("run", beginning).output.contains("abcdef00-0000-7000-8000-000000000000"))
    }
    try await here.add(3)
    let several = try await here.run("run", "01a1ff42")
    #expect(several.exitCode == 1 && several.errors.contains("several runs") && jobs(several).count == 2)
    #expect(try await here.run("run", first).exitCode == 0)
    let none = try await here.run("run", "ff")
    #expect(none.exitCode == 1 && none.output == "" && none.errors.contains("no run has the id ff"))
    for wrong in ["xyz", "-", "01a1ff42-bc8d-7131-b048-0000000000011"] {
      #expect(try await here.run("run", wrong).exitCode == 64, "\(wrong)")
    }
  }

  @Test func `a run that works shows its lock and the time it has left`() async throws {
    let place = try await Place()
    let here = try await Operator(at: place)
    let run = try await BlockedRun(at: .planning, in: place, ["JOB_TIMEOUT": "7m"])
    let id = try await place.value("select run_id from oneshot.job_runs")
    let outcome = try await here.run("run", id)
    #expect(outcome.output.contains("held by this run, ") && outcome.output.contains(" so far of at most 7m"))
    #expect(try await here.run("run", id, "--json").result["lock", "is_own"].bool == true)
    try await run.letGo()
    #expect(await run.process.outcome().exitCode == 0)
  }

  @Test func `other attempts of the slot are listed, and the first twenty of many dead letters`() async throws {
    let here = try await Operator()
    let slot = ["scheduled_at": "'2025-11-08Z'", "scheduled_by": "'kubernetes'", "status": "'failed'"]
    for number in 1...3 { try await here.add(number, slot.merging(["attempt": "\(4 - number)"]) { $1 }) }
    try await here.add(4, slot.merging(["variant": "'pending'"]) { $1 })
    try await here.add(5, slot.merging(["scheduled_by": "'clock'"]) { $1 })
    let id = try await here.place.value("select run_id from oneshot.job_runs where fence = 1")
    try await here.place.execute(
      """
      insert into oneshot.dead_letters (job, item_digest, item, payload, error_kind, error_message, attempts,
        first_failed_at, last_failed_at, last_run_id, state)
      select 'reindex', sha256(g::text::bytea), 'item ' || g, '{}', 'kind', 'message', 1, now(), now(), '\(id)', 'pending'
      from generate_series(1, 31) g
      """)
    let outcome = try await here.run("run", id)
    #expect(outcome.output.contains("Dead letters of this run: 20 of 31\n"))
    #expect(outcome.output.matches(of: #/(?m)^item \d+ /#).count == 20)
    let json = try await here.run("run", id, "--json").result
    #expect(
      json["other_attempts"].count == 2 && json["dead_letters"].count == 20 && json["dead_letters_total"].int == 31)
    #expect(outcome.output.contains("Other attempts of this slot:\n"))
  }

  @Test func `a run that died says so`() async throws {
    let here = try await Operator()
    let stuck = try await here.add(
      1, ["status": "'running'", "finished_at": "null", "deadline_at": "now() - interval '1 h'"])
    let shown = try await here.run("run", stuck).output
    #expect(shown.contains("which is over: stuck or dead") && shown.contains("not held; a run at work holds it"))
    let dead = try await here.add(2, ["status": "'failed'", "error_kind": "'abandoned'"])
    #expect(try await here.run("run", dead).output.contains("not known: it was found dead by the next run"))
    #expect(try await here.run("run", dead, "--json").result["duration_ms"].isThere == false)
  }

  @Test func `three runs of one millisecond are told apart by their whole ids`() async throws {
    let here = try await Operator()
    var ids: [String] = []
    for number in 1...3 { ids.append(try await here.add(number)) }
    let several = try await here.run("run", "01a1ff42-bc8d")
    #expect(several.exitCode == 1 && ids.allSatisfy { several.output.contains("\n\($0) ") }, "\(several.output)")
    let json = try await here.run("run", "01a1ff42-bc8d", "--json")
    #expect(json.exitCode == 1 && json.result.elements.compactMap { $0["run_id"].string } == ids, "\(json.output)")
  }

  @Test func `how long it took is what the run measured, and the clock's difference where nothing is noted`()
    async throws
  {
    let here = try await Operator()
    for (number, noted) in [(1, "43"), (2, "null")] { try await here.add(number, ["duration_ms": noted]) }
    try await here.add(3, ["duration_ms": "43", "status": "'failed'", "error_kind": "'abandoned'"])
    let runs = try await here.run("runs", "--json").result
    #expect(runs[0]["duration_ms"].int == 43 && runs[1]["duration_ms"].int == 2500)
    #expect(!runs[2]["duration_ms"].isThere, "nobody knows")
  }

  @Test func `what helps an operator is told, not what helps a job`() async throws {
    let here = try await Operator()
    let role = here.place.own("narrow")
    try await here.place.execute("create role \(role) login; grant usage on schema oneshot to \(role)")
    let denied = try await here.run(
      "runs", settings: ["DATABASE_URL": here.place.databaseURL.replacing(/user=[a-z]+/, with: "user=\(role)")])
    #expect(denied.exitCode == 77 && denied.errors.contains("docs/operate.md#rights"), "\(denied.errors)")
    let unmigrated = try await Operator(at: Place(migrated: false)).run("runs")
    #expect(unmigrated.exitCode == 78 && unmigrated.errors.contains("oneshot migrate --plan"), "\(unmigrated.errors)")
    let away = try await here.run("runs", settings: ["DATABASE_URL": "postgresql://127.0.0.1:1/x"])
    for outcome in [denied, unmigrated, away] {
      #expect(!outcome.errors.contains("--check") && !outcome.errors.contains("job's"), "\(outcome.errors)")
    }
    #expect(!away.errors.contains("\\t") && away.errors.contains(" Is the server running"), "\(away.errors)")
  }

  @Test func `without Redis the ledger is still shown`() async throws {
    let here = try await Operator()
    let id = try await here.add(1)
    let outcome = try await here.run("run", id, settings: ["REDIS_URL": "redis://127.0.0.1:1"])
    #expect(outcome.exitCode == 0 && outcome.output.contains("not known: Redis"))
    #expect(
      try await here.run("run", id, "--json", settings: ["REDIS_URL": "redis://127.0.0.1:1"])
        .result["lock", "problem"].isThere)
    let unset = try await Operator.oneshot.run(["run", id], here.place.environment.filter { $0.key != "REDIS_URL" })
    #expect(unset.exitCode == 0 && unset.output.contains("not known: REDIS_URL is not set"), "\(unset.errors)")
  }

  @Test func `servers out of reach, wrong settings and a full disk have their exit codes`() async throws {
    let here = try await Operator()
    #expect(try await here.run("runs", settings: ["DATABASE_URL": "postgresql://127.0.0.1:1/x"]).exitCode == 69)
    let both = try await Operator.oneshot.run(["locks"])
    #expect(both.exitCode == 78 && both.errors.contains("DATABASE_URL is") && both.errors.contains("REDIS_URL is"))
    #expect(try await here.run("runs", "--status", "odd").exitCode == 64)
    let unmigrated = try await Operator(at: Place(migrated: false)).run("runs")
    #expect(unmigrated.exitCode == 78 && unmigrated.errors.contains("oneshot migrate"))
    try await here.add(1)
    let full = try await Binary(path: "/bin/sh").run(
      ["-c", "exec '\(Operator.oneshot.url.path)' runs > /dev/full"], here.place.environment)
    #expect(full.exitCode == 70 && full.errors.contains("stdout cannot be written"))
    let cut = try await Binary(path: "/bin/bash").run(
      ["-c", "'\(Operator.oneshot.url.path)' runs | true; exit ${PIPESTATUS[0]}"], here.place.environment)
    #expect(cut.exitCode == 0 && cut.errors == "", "a pager that was closed is no failure")
  }
}
