import Foundation
import TestSupport
import Testing

/// Rows from a program that the job starts.
@Suite(.timeLimit(.minutes(10))) struct CommandTests {
  private func command(_ script: String) -> [String: String] {
    let escaped = script.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    return ["STAGE_COMMAND": "[\"sh\", \"-c\", \"\(escaped)\"]"]
  }

  @Test func `a program that ends well needs no marker, and may write one`() async throws {
    let loading = try await Loading([:], Loading.table + "; create table lines (line text)")
    let run = try await loading.run([], command(#"printf '1\ta\t1\t\\N\n'"#))
    #expect(run.exitCode == 0 && run.count("inserted") == 1, "\(run.output)\(run.errors)")
    let marked = try await loading.run([], command(#"printf '1\ta\t1\t\\N\n'; echo '\.'"#))
    #expect(marked.exitCode == 0 && marked.count("unchanged") == 1, "\(marked.output)")
    // What may be the beginning of a marker, and is a row that has no line end.
    let open = try await loading.run(
      [], command(#"printf '\'"#).merging(["STAGE_TABLE": "lines", "STAGE_FORMAT": "csv"]) { $1 })
    #expect(open.exitCode == 0 && open.count("inserted") == 1, "\(open.output)")
  }

  @Test(arguments: [("exit 3", "ended with exit code 3"), ("kill -9 $$", "was killed by SIGKILL")])
  func `a program that fails behind its last row changes nothing`(ending: String, complaint: String) async throws {
    let loading = try await Loading()
    let run = try await loading.run([], command("printf '1\\ta\\t1\\t\\\\N\\n'; echo the cause >&2; \(ending)"))
    #expect(run.exitCode == 69 && run.output.contains(complaint), "\(run.output)")
    #expect(run.errors.contains("the cause"), "\(run.errors)")
    #expect(try await loading.rows() == [])
  }

  @Test func `the program knows its window and not where the servers are`() async throws {
    let loading = try await Loading(
      ["STAGE_MODE": "window", "STAGE_WINDOW_COLUMN": "at", "STAGE_WINDOW": "1h"],
      "create table tallies (id int primary key, at timestamptz, what text)")
    let run = try await loading.run(
      [], command(#"printf "1\t$ONESHOT_WINDOW_START\t$ONESHOT_WINDOW_END ${DATABASE_URL-none}\n""#))
    #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
    #expect(try await loading.rows() == [#"(1,"2025-11-08 01:00:00+00","2025-11-08T02:00:00Z none")"#])
  }

  @Test func `a program that is missing, and words that are none, are named`() async throws {
    let loading = try await Loading()
    for arguments in [["--check"], []] {
      let run = try await loading.run(arguments, ["STAGE_COMMAND": #"["no-such-program"]"#])
      #expect(run.exitCode == 78 && run.output.contains("there is no program no-such-program"), "\(run.output)")
    }
    let words = try await loading.run([], ["STAGE_COMMAND": "echo 1"])
    #expect(words.exitCode == 78 && words.output.contains("STAGE_COMMAND is no JSON array"), "\(words.output)")
  }

  @Test func `a run that is stopped ends its program`() async throws {
    let loading = try await Loading()
    let folder = try TemporaryFolder()
    let file = "\(folder.path)/pid"
    let run = try Loading.binary.start(
      [], loading.environment(command("echo $$ > \(file).new; mv \(file).new \(file); exec sleep 1000")))
    var number: Int32 = 0
    try await eventually {
      number = (try? String(contentsOfFile: file, encoding: .utf8)).flatMap { Int32($0.filter(\.isNumber)) } ?? 0
      return number > 0
    }
    run.send(SIGTERM)
    let outcome = await run.outcome()
    #expect(outcome.exitCode == 143 && outcome.result["status"].string == "interrupted", "\(outcome.output)")
    try await eventually { kill(number, 0) != 0 }
  }
}
