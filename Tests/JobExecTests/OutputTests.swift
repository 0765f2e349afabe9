import Foundation
import TestSupport
import Testing

/// Whatever a program writes.
@Suite(.timeLimit(.minutes(10))) struct OutputTests {
  @Test func `secrets of the run and of the program are in no output`() async throws {
    let it = try await Executed()
    let secrets = [
      "MAIL_PASSWORD": "hunter2hunter2", "OTHER_URL": "https://u:urlsecret9@h/x", "A_TOKEN": "first-part\nsecond-part",
    ]
    let run = try await it.run("env; echo x$MAIL_PASSWORD; exit 3", secrets)
    let ledger = try await it.place.value("select details::text || error_message from oneshot.job_runs")
    for secret in ["hunter2hunter2", "urlsecret9", "first-part", "second-part"] {
      #expect(!(run.output + run.errors + ledger).contains(secret), "\(secret)")
    }
    #expect(run.errors.contains("x***"))
  }

  @Test func `the settings with secrets are the run's alone, unless they are passed on`() async throws {
    let it = try await Executed()
    let script = "echo \"${DATABASE_URL:-none} ${REDIS_URL:-none} ${EMPTY-unset}\" > $WORK/seen"
    #expect(try await it.run(script, ["EMPTY": ""]).exitCode == 0)
    #expect(it.text("seen") == "none none \n")
    #expect(try await it.run(script, ["JOB_EXEC_PASS": "DATABASE_URL"]).exitCode == 0)
    #expect(it.text("seen").hasPrefix("\(it.place.databaseURL) none"))
    #expect(try await it.run(script, ["JOB_EXEC_PASS": "DATABASE_ULR"]).exitCode == 78)
  }

  @Test func `words and variables that are no UTF-8 are passed on as they are`() async throws {
    let it = try await Executed()
    let script = #"""
      X=$(printf 'a\377b'); Y=$(printf '\314\270c'); export X Y
      exec "$0" --name bytes -- sh -c 'printf "%s %s %s" "$X" "$Y" "$1" > "$WORK/seen"' sh "$(printf 'd\376e')"
      """#
    let run = try await Binary(path: "/bin/sh").run(
      ["-c", script, Binary("job-exec").url.path], it.place.environment.merging(["WORK": it.folder.path]) { $1 })
    #expect(run.exitCode == 0, "\(run.output)")
    let seen = try Data(contentsOf: URL(filePath: "\(it.folder.path)/seen"))
    #expect(Array(seen) == [0x61, 0xFF, 0x62, 0x20, 0xCC, 0xB8, 0x63, 0x20, 0x64, 0xFE, 0x65])
  }

  @Test func `a line of fifty megabytes, binary and control characters are lines of the log`() async throws {
    let it = try await Executed()
    let run = try await it.run(
      """
      head -c 50000000 /dev/zero | tr '\\0' x; echo; head -c 2000 /dev/urandom; echo; printf '\\033[2Jcleared\\n'
      printf 'no end'
      """)
    #expect(run.exitCode == 0)
    #expect(!run.errors.contains("\u{1B}") && run.errors.contains("cleared"))
    #expect(run.errors.utf8.count < 1_000_000)
    #expect(run.result["details", "last_lines"].elements.last?.string == "no end")
    for line in run.errors.split(separator: "\n") { #expect(ResultLine(text: String(line))["message"].isThere) }
  }

  @Test func `a flood is read to its end, and most of it left out`() async throws {
    let it = try await Executed()
    let run = try await it.run("yes 'a line that is said again and again' | head -c 4000000; echo; echo the last")
    #expect(run.exitCode == 0)
    #expect(run.result["details", "program", "lines_not_logged"].int ?? 0 > 10_000)
    #expect(run.result["details", "last_lines"].elements.last?.string == "the last")
    #expect(run.errors.contains("lines are left out"))
  }

  @Test func `a program that closes its output is waited for`() async throws {
    let it = try await Executed()
    let run = try it.start("exec >&- 2>&- 3>&-; while [ ! -e $WORK/go ]; do sleep 0.05; done; exit 4")
    try await eventually { try await it.place.value("select count(*) from oneshot.job_runs") == "1" }
    #expect(run.isRunning)
    #expect(FileManager.default.createFile(atPath: "\(it.folder.path)/go", contents: nil))
    #expect(await run.outcome().exitCode == 70)
  }

  @Test func `counts that are none are named, and the run goes on`() async throws {
    let it = try await Executed()
    let run = try await it.run(
      """
      echo 'nonsense' >&3; echo '{"a": 1, "b": 1.5, "Bad": 2, "c": "x"}' >&3; echo '{"a": 7}' >&3
      """)
    #expect(run.exitCode == 0)
    #expect(run.result["counts", "a"].int == 7)
    #expect(!run.result["counts", "b"].isThere && !run.result["counts", "Bad"].isThere)
    #expect(run.errors.contains("not a JSON object") && run.errors.contains("not a whole number"))
  }

  @Test func `it inherits no descriptor but its own, no ignored signal, and reads nothing`() async throws {
    let it = try await Executed()
    let run = try await it.run(
      """
      ls /proc/self/fd | tr '\\n' ' ' > $WORK/descriptors; grep SigIgn /proc/self/status > $WORK/ignored
      wc -c > $WORK/read
      """
    )
    #expect(run.exitCode == 0)
    // ls itself opens 4 for the folder.
    #expect(["0 1 2 3 4 ", "0 1 2 3 "].contains(it.text("descriptors")))
    // But for 32 and 33, which are the C library's.
    let ignored = try #require(Int(it.text("ignored").split(whereSeparator: \.isWhitespace).last ?? "", radix: 16))
    #expect(ignored & 0x7FFF_FFFF == 0)
    #expect(it.text("read").trimmingCharacters(in: .whitespacesAndNewlines) == "0")
  }
}
