import Foundation
import JobRuntime
import Operations
import TestSupport
import Testing

@testable import Oneshot

/// The tables of README and docs come from the code.
///
/// `UPDATE_README=1 swift test --filter ReadmeTests` writes them.
@Suite(.serialized) struct ReadmeTests {
  private func expect(_ part: String, in path: String, is lines: [String]) throws {
    let page = try Page(path)
    let wanted = lines.map { $0 + "\n" }.joined()
    if ProcessInfo.processInfo.environment["UPDATE_README"] == "1" {
      try page.replacePart(part, with: wanted)
    } else {
      #expect(try page.part(part) == wanted, "UPDATE_README=1 swift test --filter ReadmeTests corrects it")
    }
  }

  @Test func `the tables of settings are the declarations`() async throws {
    for name in JobNames.all + ["job-exec"] {
      let settings = try await Binary(name).run(["--describe"]).result["settings"].elements
      func rows(of owner: String) -> [String] {
        ["| name | form | default | meaning |", "|---|---|---|---|"]
          + settings.filter { $0["of"].string == owner }.map { setting in
            let text = { (member: String) in setting[member].string ?? "" }
            let name = "`\(text("name"))`" + (setting["secret"].bool == true ? "*" : "")
            let fallback = setting["required"].bool == true ? "required" : setting["default"].string ?? "none"
            return "| \(name) | \(text("form")) | \(fallback) | \(text("help")) |"
          }
      }
      let page = name == "job-exec" ? "docs/job-exec.md" : "docs/jobs/\(name).md"
      try expect("settings \(name)", in: page, is: rows(of: "job"))
      try expect("settings common", in: "docs/settings.md", is: rows(of: "runtime"))
    }
  }

  @Test func `the table of settings that select the work is what jobs declare`() async throws {
    var rows = ["| job | settings |", "|---|---|"]
    for name in JobNames.all {
      let settings = try await Binary(name).run(["--describe"]).result["settings"].elements
      let selecting = settings.filter { $0["selects"].bool == true }
      let names = selecting.compactMap { $0["name"].string.map { "`\($0)`" } }
      rows.append("| \(name) | \(names.isEmpty ? "none: one an installation" : names.joined(separator: ", ")) |")
      #expect(selecting.allSatisfy { $0["of"].string == "job" }, "a setting of every job selects none's work")
    }
    try expect("selecting", in: "docs/operate.md", is: rows)
  }

  @Test func `the table of jobs is what jobs say of themselves, and each has a page`() async throws {
    var rows = ["| job | what it does |", "|---|---|"]
    for name in JobNames.all {
      let summary = try await Binary(name).run(["--describe"]).result["summary"].string ?? ""
      rows.append("| [`\(name)`](docs/jobs/\(name).md) | \(summary) |")
      #expect(try Page("docs/jobs/\(name).md").text.hasPrefix("# \(name)"))
    }
    rows.append(
      "| [`oneshot`](docs/operate.md) | the operator's command: runs, locks, dead letters, health, migrations |")
    let tool = try await Binary("job-exec").run(["--describe"]).result["summary"].string ?? ""
    rows.append("| [`job-exec`](docs/job-exec.md) | \(tool) |")
    try expect("jobs", in: "README.md", is: rows)
  }

  @Test func `each job's page has its privileges`() throws {
    for name in JobNames.all { #expect(try Page("docs/jobs/\(name).md").text.contains("\n## Privileges\n"), "\(name)") }
    let links = JobNames.all.map { "- [\($0)](jobs/\($0).md#privileges)" }
    try expect("privileges", in: "docs/deploy.md", is: links)
  }

  @Test func `the table of commands is the declarations`() throws {
    try expect(
      "commands", in: "docs/operate.md",
      is: ["| command | what it does |", "|---|---|"]
        + Commands.declarations.map { "| `oneshot \($0.name)` | \($0.summary) |" })
  }

  @Test func `the page for operators speaks of every command`() throws {
    let page = try Page("docs/operate.md").text
    for command in Commands.declarations { #expect(page.contains("oneshot \(command.name)"), "\(command.name)") }
  }

  @Test func `the table of exit codes is the code's`() throws {
    try expect(
      "exit codes", in: "docs/results.md",
      is: ["| status | exit | when | a scheduler should |", "|---|---|---|---|"]
        + ExitCode.all.map { row in
          let codes = row.codes.map(String.init).joined(separator: ", ")
          return "| \(row.title) | \(codes) | \(row.meaning) | \(row.advice.rawValue) |"
        })
  }

  @Test func `the table of dead letters is what jobs declare`() async throws {
    var rows = ["| job | `kind` | cause | remedy |", "|---|---|---|---|"]
    for name in JobNames.all {
      for kind in try await Binary(name).run(["--describe"]).result["letter_kinds"].elements {
        let text = { (member: String) in kind[member].string ?? "" }
        rows.append("| \(name) | `\(text("kind"))` | \(text("cause")) | \(text("remedy")) |")
      }
    }
    try expect("letter kinds", in: "docs/when-things-go-wrong.md", is: rows)
  }

  @Test func `the page for bad days knows every failure and every exit code`() throws {
    let page = try Page("docs/when-things-go-wrong.md").text
    for kind in FailureKind.allCases.map(\.rawValue) { #expect(page.contains("`\(kind)`"), "\(kind)") }
    for code in FailureKind.allCases.map(\.exitCode) + [65] { #expect(page.contains("## \(code): "), "\(code)") }
  }
}
