import Foundation
import TestSupport
import Testing

/// What becomes of a program that runs under the contract.
@Suite(.timeLimit(.minutes(10))) struct RunTests {
  @Test func `a program that ends with 0 is a run that succeeded, under the name it was given`() async throws {
    let it = try await Executed()
    let run = try await it.run(
      "echo working; echo '{\"exported\": 12, \"items_processed\": 40}' >&3",
      ["JOB_SCHEDULED_AT": "2025-11-08T02:00:00Z"])
    #expect(run.exitCode == 0, "\(run)")
    #expect(run.result["job"].string == "nightly-export")
    #expect(run.result["counts", "exported"].int == 12)
    #expect(run.result["details", "last_lines"][0].string == "working")
    #expect(run.errors.contains("working") && !run.output.dropLast().contains("\n"))
    let row = try await it.place.rows(
      "select job || ' ' || status || ' ' || (counts->>'exported') || ' ' || items_processed as a from oneshot.job_runs"
    )
    #expect(row == [["nightly-export succeeded 12 40"]])
  }

  @Test func `a slot that succeeded is skipped, and the next run's window begins where it was`() async throws {
    let it = try await Executed()
    let script = "echo \"$ONESHOT_WINDOW_START $ONESHOT_WINDOW_END $ONESHOT_ATTEMPT\" >> $WORK/windows"
    for hour in [2, 2, 5] {
      let run = try await it.run(script, ["JOB_SCHEDULED_AT": "2025-11-08T0\(hour):00:00Z"])
      #expect(run.exitCode == 0)
    }
    #expect(
      it.text("windows").split(separator: "\n").map { $0.replacing(".000000", with: "").replacing("+00:00", with: "Z") }
        == [" 2025-11-08T02:00:00Z 1", "2025-11-08T02:00:00Z 2025-11-08T05:00:00Z 1"])
  }

  @Test func `another name is another job, and runs beside it`() async throws {
    let it = try await Executed()
    let first = try it.start("echo $$ > $WORK/first; exec sleep 600")
    _ = try await it.line("first")
    #expect(try await it.run("exit 0").result["reason"].string == "locked")
    #expect(try await it.run("exit 0", name: "nightly-import").result["status"].string == "succeeded")
    first.send(SIGTERM)
    #expect(await first.outcome().exitCode == 143)
  }

  @Test func `of twenty at once one works, and the others name its holder`() async throws {
    let it = try await Executed()
    let runs = try (0..<20).map { _ in
      try it.start("echo x >> $WORK/starts", ["JOB_LOCK_MIN_HOLD": "60s", "JOB_SCHEDULED_AT": "2025-11-08T02:00:00Z"])
    }
    var statuses: [String: Int] = [:]
    for run in runs { statuses[await run.outcome().result["status"].string ?? "none", default: 0] += 1 }
    #expect(statuses == ["succeeded": 1, "skipped": 19])
    #expect(it.text("starts") == "x\n")
  }

  @Test(arguments: [
    ("exit 3", "plain", 70, "program"), ("exit 75", "plain", 70, "program"), ("exit 75", "sysexits", 75, "retry_later"),
    ("exit 77", "sysexits", 77, "denied"), ("exit 78", "sysexits", 78, "misconfigured"),
    ("exit 69", "sysexits", 69, "unavailable"), ("exit 64", "sysexits", 64, "usage"),
    ("exit 3", "sysexits", 70, "program"),
    ("kill -9 $$", "plain", 70, "program"),
  ])
  func `what the program ends with is what the run ends with`(
    script: String, codes: String, exit: Int, kind: String
  ) async throws {
    let it = try await Executed()
    let run = try await it.run("echo oh dear >&2; \(script)", ["JOB_EXEC_CODES": codes])
    #expect(run.exitCode == Int32(exit))
    #expect(run.result["error", "kind"].string == kind)
    let message = run.result["error", "message"].string ?? ""
    #expect(message.contains("oh dear") && message.contains(script.hasPrefix("kill") ? "SIGKILL" : "exit code"))
    #expect(try await it.place.value("select error_kind from oneshot.job_runs") == kind)
    #expect(try await it.place.value("select details->'last_lines'->>0 from oneshot.job_runs") == "oh dear")
  }

  @Test func `65 of a program that speaks the contract is partial`() async throws {
    let it = try await Executed()
    let run = try await it.run("exit 65", ["JOB_EXEC_CODES": "sysexits"])
    #expect(run.exitCode == 65 && run.result["status"].string == "partial")
  }

  @Test func `a program that is not there, may not be executed or is none is 78`() async throws {
    let it = try await Executed()
    let file = "\(it.folder.path)/script"
    #expect(FileManager.default.createFile(atPath: file, contents: Data("echo x\n".utf8)))
    for command in ["no-such-program", "/no/such/program", file, "/tmp"] {
      let run = try await it.start([command]).outcome()
      #expect(run.exitCode == 78 && run.result["error", "hint"].isThere, "\(command)")
    }
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file)
    let run = try await it.start([file]).outcome()
    #expect(run.exitCode == 78 && run.result["error", "hint"].string?.contains("#!/bin/sh") == true)
  }

  @Test func `names that are no names, names of this package's jobs, and no program are refused before any server`()
    async throws
  {
    let nowhere = ["DATABASE_URL": "postgresql://127.0.0.1:1/x", "REDIS_URL": "redis://127.0.0.1:1"]
    let cases: [([String], Int32)] = [
      (["--name", "Nightly", "--", "true"], 64), (["--name", "a/b", "--", "true"], 64),
      (["--name", "reindex", "--", "true"], 64), (["--name", "oneshot", "--", "true"], 64), (["--", "true"], 78),
      (["--name", "nightly"], 78), (["--name", "nightly", "true"], 64),
      (["--nonsense", "--name", "n", "--", "true"], 64),
    ]
    for (arguments, code) in cases {
      let run = try await Binary("job-exec").run(arguments, nowhere)
      #expect(run.exitCode == code, "\(arguments): \(run.output)")
    }
  }

  @Test func `a plan and a check start nothing`() async throws {
    let it = try await Executed()
    for option in ["--plan", "--check"] {
      let run = try await Binary("job-exec").run(
        [option, "--name", "nightly-export", "--", "sh", "-c", "echo x > \(it.folder.path)/started"],
        it.place.environment)
      #expect(run.exitCode == 0, "\(run)")
      if option == "--plan" { #expect(run.result["details", "would_run"][0].string?.hasSuffix("/sh") == true) }
    }
    let check = try await Binary("job-exec").run(
      ["--check", "--name", "nightly-export", "--", "no-such-program"], it.place.environment)
    #expect(check.exitCode == 78)
    #expect(it.text("started") == "")
    #expect(try await it.place.value("select count(*) from oneshot.job_runs") == "0")
  }

  @Test func `help and describe say what the binary takes`() async throws {
    let help = try await Binary("job-exec").run(["--help"])
    #expect(help.exitCode == 0)
    #expect(
      help.output.contains("--name NAME") && help.output.contains("-- COMMAND")
        && help.output.contains("JOB_EXEC_CODES"))
    let facts = try await Binary("job-exec").run(["--describe"]).result
    #expect(facts["name"].string == "job-exec" && facts["needed_schema", "core"].int ?? 0 >= 5)
  }
}
