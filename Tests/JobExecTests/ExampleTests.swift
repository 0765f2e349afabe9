import Foundation
import TestSupport
import Testing

/// The examples of docs/job-exec.md, as they stand there.
@Suite(.timeLimit(.minutes(10))) struct ExampleTests {
  @Test(arguments: [("shell", "sh"), ("python", "/usr/bin/python3"), ("node", "node")])
  func `an example writes under its fence and counts`(name: String, interpreter: String) async throws {
    let found = try await Binary(path: "/usr/bin/env").run(["which", interpreter])
    guard found.exitCode == 0 else { return skipped("the example in \(name)", because: "there is no \(interpreter)") }
    let it = try await Executed()
    let role = it.place.own("exports")
    let grants = try Page("docs/job-exec.md").code("program grants").replacing("to exports", with: "to \(role)")
    try await it.place.execute(
      "create table exports (what text); create role \(role) login; grant insert on exports to \(role); \(grants)")
    let file = "\(it.folder.path)/example"
    try Page("docs/job-exec.md").code(name, Self.language[name] ?? "").write(
      toFile: file, atomically: true, encoding: .utf8)
    let url = it.place.databaseURL.replacing(/user=[a-z]+/, with: "user=\(role)")
    let run = try await it.start([interpreter, file], ["EXPORT_URL": url]).outcome()
    #expect(run.exitCode == 0, "\(run)")
    #expect(run.result["counts", "exported"].int == 1)
    #expect(try await it.place.value("select what from exports") == name)
  }

  private static let language = ["shell": "sh", "python": "python", "node": "js"]

  @Test func `the grants of the page are enough`() async throws {
    let it = try await Executed()
    let settings = try await it.place.restricted(as: "jobs", in: "docs/job-exec.md")
    for _ in 0..<2 {
      let run = try await it.run("exit 0", settings)
      #expect(run.exitCode == 0, "\(run)")
    }
    let check = try await Binary("job-exec").run(["--check", "--name", "nightly-export", "--", "true"], settings)
    #expect(check.exitCode == 0, "\(check)")
  }
}
