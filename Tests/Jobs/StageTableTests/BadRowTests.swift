import TestSupport
import Testing

/// Rows that a column's type refuses, where they are skipped.
@Suite(.timeLimit(.minutes(10))) struct BadRowTests {
  private static let more = ["STAGE_BAD_ROWS": "skip", "STAGE_SHRINK": "0%"]

  @Test func `bad rows are dead letters, the others are written, and a letter ends with its row`() async throws {
    let loading = try await Loading(Self.more, Loading.table + "; alter table tallies alter kind set not null")
    let run = try await loading.load("1\ta\tx\t\\N\n2\tb\t1\t2025-11-07\n3\t\\N\t1\t\\N\n4\td\t1\t2025-02-30\n\\.\n")
    #expect(run.exitCode == 65 && run.count("rows") == 1 && run.count("failed") == 3, "\(run.output)\(run.errors)")
    #expect(try await loading.rows() == ["(2,b,1.00,2025-11-07)"])
    let letters = try await loading.place.rows(
      "select error_message as a from oneshot.dead_letters where state = 'pending' order by error_message")
    #expect(
      letters.map { $0[0] } == [
        "row 1, column seen: a value is not of its type numeric(8,2) (SQLSTATE 22P02)",
        "row 3, column kind: it is null (SQLSTATE 23502)",
        "row 4, column day: a value is out of the range of its type date (SQLSTATE 22008)",
      ])
    let corrected = try await loading.load("1\ta\t5\t\\N\n2\tb\t1\t2025-11-07\n3\t\\N\t1\t\\N\n\\.\n")
    #expect(corrected.exitCode == 65 && corrected.count("failed") == 1, "\(corrected.output)")
    #expect(
      try await loading.place.value("select count(*) from oneshot.dead_letters where state = 'pending'") == "1")
  }

  @Test func `a text that is too long is a bad row, and nothing is cut to fit`() async throws {
    let loading = try await Loading(
      Self.more, "create table tallies (id int primary key, kind varchar(3), sign char(2))")
    let run = try await loading.load("1\tabc\tab\n2\tabcd\tab\n3\tabc\tabc\n\\.\n")
    #expect(run.count("failed") == 2, "\(run.output)")
    #expect(try await loading.rows() == ["(1,abc,ab)"])
  }

  @Test func `a name that nothing has is a bad row, and never shown`() async throws {
    let loading = try await Loading([:], "create table tallies (id int primary key, of regclass)")
    let stream = "1\tpg_class\n2\tsecret_table\n\\.\n"
    let refused = try await loading.load(stream)
    #expect(refused.exitCode == 78, "\(refused.output)")
    #expect(refused.output.contains("line 2, column of: a value is not of its type regclass"), "\(refused.output)")
    #expect(!(refused.output + refused.errors).contains("secret"), "\(refused.output)\(refused.errors)")
    let skipped = try await loading.load(stream, Self.more)
    #expect(skipped.exitCode == 65 && skipped.count("inserted") == 1, "\(skipped.output)")
    #expect(!(skipped.output + skipped.errors).contains("secret"), "\(skipped.output)\(skipped.errors)")
  }

  @Test func `a column of the wrong type is no bad row`() async throws {
    let loading = try await Loading(Self.more)
    let run = try await loading.load((1...1001).map { "\($0)\ta\tx\t\\N\n" }.joined() + "\\.\n")
    #expect(run.exitCode == 78 && run.output.contains("more than 1000 rows"), "\(run.output)")
    #expect(try await loading.place.value("select count(*) from oneshot.dead_letters") == "0")
  }

  @Test func `a plan counts bad rows and writes no letters`() async throws {
    let loading = try await Loading(Self.more)
    let plan = try await loading.load("1\ta\tx\t\\N\n2\tb\t1\t\\N\n\\.\n", [:], ["--plan"])
    #expect(plan.count("failed") == 1 && plan.count("inserted") == 1, "\(plan.output)\(plan.errors)")
    #expect(try await loading.place.value("select count(*) from oneshot.dead_letters") == "0")
  }
}
