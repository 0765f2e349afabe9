import TestSupport
import Testing

/// Names as anybody may give them, and the role that the page gives to operators.
extension DeadLetterCommandTests {
  @Test func `items of any name can be listed, shown, replayed and discarded`() async throws {
    let names = [
      "'; drop table oneshot.dead_letters; --", #"quote " back\slash"#, "line\nfeed\r\n\ttab", "nul \0 in it",
      "\u{1b}[2J\u{1b}]0;title\u{7}\u{9b}31m", "--job", "--", "-x", "", " ", "%s$(reboot)`id`", "\u{202e}txt.exe",
      "😀 e\u{301}", "abcdef", String(repeating: "k", count: 65_536) + "\u{1b}",
    ]
    try await fail(names)
    let list = try await run(["list", "--limit", "100"])
    #expect(list.exitCode == 0 && list.output.split(separator: "\n").count == names.count + 1, "\(list.output)")
    #expect(list.output.utf8.count < 10_000)
    func isHarmless(_ text: String) -> Bool {
      text.unicodeScalars.allSatisfy { $0 == "\n" || ($0.value >= 0x20 && !(0x7F...0x9F).contains($0.value)) }
        && !text.unicodeScalars.contains("\u{202e}")
    }
    #expect(isHarmless(list.output))
    let stored = documents(try await run(["list", "--json", "--limit", "100"]))
    #expect(stored.count == names.count)
    for (number, letter) in stored.enumerated() {
      let item = try #require(letter["item"].string)
      let id = try #require(letter["item_digest"].string)
      let shown = try await run(["show", "a-job", "--", item])
      #expect(shown.exitCode == 0 && shown.output.contains(id) && isHarmless(shown.output), "\(item.prefix(80))")
      #expect(try await run(["show", "a-job", id]).output == shown.output)
      let asked = try await run(["replay", "a-job"] + (number % 2 == 0 ? [id] : ["--", item]))
      #expect(asked.exitCode == 0 && asked.output.hasPrefix("requested 1 dead letter"), "\(asked.errors)")
      let discarded = try await run(["discard", "a-job"] + (number % 2 == 0 ? ["--", item] : [id]))
      #expect(discarded.exitCode == 0 && discarded.output.hasPrefix("discarded 1 dead letter"), "\(discarded.errors)")
    }
    #expect(try await letters("state = 'discarded'").count == names.count)
    #expect(try await place.value("select count(*) from oneshot.dead_letter_actions") == "\(2 * names.count)")
  }

  @Test func `the page's role of an operator can do all this, and cannot forge the audit or change anything else`()
    async throws
  {
    let sql = try Page("docs/operate.md").code("grants")
    let role = place.own("operator")
    try await place.execute(
      "create role \(role) login; "
        + sql.replacing("to oneshot_operator", with: "to \(role)")
        .replacing("database app", with: "database \(try await place.databaseName())"))
    let settings = [
      "DATABASE_URL": place.databaseURL.replacing(/user=[a-z]+/, with: "user=\(role)"), "ONESHOT_OPERATOR": "anna",
    ]
    try await fail(["x", "y", "z"])
    for arguments in [
      ["list"], ["replay", "a-job", "x"], ["replay", "--job", "a-job"], ["discard", "a-job", "y"],
      ["discard", "--job", "a-job", "--yes"], ["show", "a-job", "x"],
    ] {
      let run = try await run(arguments, settings)
      #expect(run.exitCode == 0, "\(arguments): \(run.errors)")
    }
    #expect(try await letters("state = 'discarded'").count == 3)
    #expect(
      try await place.value(
        "select count(*) filter (where role = '\(role)') || '/' || count(*) from oneshot.dead_letter_actions")
        == "6/6")
    for statement in [
      "update oneshot.dead_letters set error_message = ''", "delete from oneshot.dead_letters",
      "update oneshot.dead_letter_actions set acted_by = 'x'", "delete from oneshot.dead_letter_actions",
      "insert into oneshot.dead_letter_actions (role, acted_by, action, job, item_digest, item, error_kind, error_message, attempts, last_failed_at) values ('x', 'x', 'replay', 'x', '', '', '', '', 1, now())",
    ] {
      await #expect(throws: (any Error).self, "\(statement)") {
        try await place.execute("set role \(role); \(statement)")
      }
    }
  }
}
