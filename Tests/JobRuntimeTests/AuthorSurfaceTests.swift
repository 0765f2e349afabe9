import Foundation
import TestSupport
import Testing

/// What the author of a job can write, and what the compiler refuses.
///
/// Targets of jobs have no package access (Package.swift), so the snippets are checked as if they stood in another
/// package.
@Suite(.timeLimit(.minutes(10))) struct AuthorSurfaceTests {
  @Test func `reading, a fenced write, dead letters and staging compile`() async throws {
    let complaints = try await complaints(
      about: """
        func work(_ run: JobRun) async throws {
          let kind = LetterKind("bad", cause: "It is bad.", remedy: "Correct it.")
          let staged = StagingTable("staged", [.init("id", "bigint")])
          let ids = try await run.reading { session in try session.query("select 1 as id").map { try $0.value("id", as: Int.self) } }
          try await run.staging(staged) { staging in
            try staging.copy { writer in try writer.write(CopyRows(capacity: 0)) }
            try staging.analyze()
          }
          _ = try await run.redis { session in try session.command(RedisRead(.get, "key")) }
          try await run.transaction { tx in
            try tx.execute("delete from sessions where id = any (\\(ids))")
            try tx.reject([ItemFailure(item: "1", kind: kind, message: "bad")])
            try tx.resolve(["2"])
          }
        }
        """)
    #expect(complaints == "")
  }

  @Test(arguments: [
    (
      "a write outside of a transaction",
      "try await run.reading { session in try session.execute(\"delete from sessions\") }",
      "'execute' is inaccessible due to 'package' protection level"
    ),
    (
      "a COPY into a table outside of a transaction",
      "try await run.reading { session in try session.copy(into: \"sessions\", columns: []) { _ in } }",
      "'copy' is inaccessible due to 'package' protection level"
    ),
    (
      "a statement while staging",
      "try await run.staging(StagingTable(\"staged\", [])) { staging in try staging.session.query(\"delete from sessions\") }",
      "'session' is inaccessible due to 'private' protection level"
    ),
    (
      "a dead letter outside of a transaction", "try run.reject([])", "value of type 'JobRun' has no member 'reject'"
    ),
    (
      "a dead letter while reading", "try await run.reading { session in try session.reject([]) }",
      "value of type 'Session' has no member 'reject'"
    ),
    (
      "a session that is returned",
      "let kept: Session = try await run.reading { session in return session }; _ = kept",
      "requires that 'Session' conform to 'Copyable'"
    ),
    (
      "a session that is kept",
      "try await run.reading { session in let kept = session; _ = try kept.query(\"select\") }",
      "'session' is borrowed and cannot be consumed"
    ),
    (
      "a transaction that is kept", "try await run.transaction { tx in let kept = tx; _ = kept.session }",
      "'tx' is borrowed and cannot be consumed"
    ),
    (
      "waiting inside of a transaction",
      "try await run.transaction { tx in try await Task.sleep(for: .seconds(1)); try tx.execute(\"select\") }",
      "cannot pass function of type .* expecting a synchronous function type|async.*synchronous"
    ),
    (
      "a write to Redis",
      "_ = try await run.redis { session in try session.command(RedisCommand(\"SET\", \"key\", \"value\")) }",
      "cannot convert value of type 'RedisCommand'|inaccessible due to 'package' protection level"
    ),
    (
      "many writes to Redis",
      "_ = try await run.redis { session in try session.pipeline([RedisCommand(\"DEL\", \"key\")]) }",
      "cannot convert value of type 'RedisCommand'|inaccessible due to 'package' protection level"
    ),
    (
      "another command to read by", "_ = RedisRead(.set, \"key\", \"value\")",
      "type 'RedisRead.Name' has no member 'set'"
    ),
    ("a script", "_ = Script(\"redis.call('del', KEYS[1])\")", "cannot find 'Script' in scope"),
    ("the connection itself", "_ = run.database", "'database' is inaccessible due to 'internal' protection level"),
    ("another connection", "_ = Database.self", "cannot find 'Database' in scope"),
  ])
  func `what is not fenced does not compile`(what: String, line: String, complaint: String) async throws {
    let complaints = try await complaints(about: "func work(_ run: JobRun) async throws {\n  \(line)\n}")
    let expected = try Regex(complaint)
    #expect(complaints.contains(expected), "\(what): \(complaints)")
  }

  /// What the compiler says of a file of a job, up to the checks of what is borrowed; empty where it has nothing to say.
  private func complaints(about code: String) async throws -> String {
    let folder = try TemporaryFolder()
    let file = "\(folder.path)/snippet.swift"
    try "import JobRuntime\nimport Postgres\nimport Redis\n\(code)\n".write(
      toFile: file, atomically: true, encoding: .utf8)
    let outcome = try await Compiler.run([file], ["-emit-sil", "-o", "/dev/null"])
    #expect((outcome.exitCode == 0) == outcome.errors.isEmpty)
    return outcome.errors
  }
}
