import TestSupport
import Testing

/// What becomes of the rows that the table has.
@Suite(.timeLimit(.minutes(10))) struct ModeTests {
  private static let first = "1\ta\t1\t2025-11-07\n2\tb\t2\t2025-11-07\n3\tc\t\\N\t\\N\n\\.\n"

  @Test func `replace leaves what is equal, changes what differs, and removes what is gone`() async throws {
    let loading = try await Loading()
    #expect(try await loading.load(Self.first).count("inserted") == 3)
    let run = try await loading.load("1\ta\t1\t2025-11-07\n2\tB\t2\t2025-11-07\n4\td\t4\t\\N\n\\.\n")
    #expect(run.exitCode == 0, "\(run.output)")
    let counts = ["rows", "inserted", "updated", "deleted", "unchanged"].map { run.count($0) }
    #expect(counts == [3, 1, 1, 1, 1], "\(run.output)")
    #expect(try await loading.rows() == ["(1,a,1.00,2025-11-07)", "(2,B,2.00,2025-11-07)", "(4,d,4.00,)"])
  }

  @Test(arguments: [
    "post_id bigint primary key, kind text, seen numeric(8,2), day date",
    "post_id bigint, kind text, seen numeric(8,2), day date",
    "post_id bigint, kind json, seen numeric(8,2), day date",
  ])
  func `equal rows write nothing`(columns: String) async throws {
    let loading = try await Loading([:], "create table tallies (\(columns))")
    let stream =
      "1\t\"a\"\t1\t2025-11-07\n2\t{\"b\": 1}\t2\t2025-11-07\n2\t\\N\t\\N\t\\N\n"
      .replacing("2\t\\N", with: "3\t\\N") + "\\.\n"
    #expect(try await loading.load(stream).count("inserted") == 3)
    // With xmax: a row that is merely locked is written, too.
    let state = "select string_agg(xmin || '/' || xmax || '/' || ctid || t::text, ',' order by ctid) from tallies t"
    let before = try await loading.place.value(state)
    let again = try await loading.load(stream)
    #expect(again.exitCode == 0 && again.count("unchanged") == 3, "\(again.output)")
    #expect(again.count("inserted") == 0 && again.count("updated") == 0 && again.count("deleted") == 0)
    #expect(try await loading.place.value(state) == before)
  }

  @Test func `without a primary key other rows replace all`() async throws {
    let loading = try await Loading([:], Loading.table.replacing(" primary key", with: ""))
    #expect(try await loading.load("1\ta\t\\N\t\\N\n1\ta\t\\N\t\\N\n\\.\n").count("inserted") == 2)
    let run = try await loading.load("1\ta\t\\N\t\\N\n2\tb\t\\N\t\\N\n\\.\n")
    #expect(run.count("deleted") == 2 && run.count("inserted") == 2, "\(run.output)")
    #expect(try await loading.rows() == ["(1,a,,)", "(2,b,,)"])
  }

  @Test func `merge removes nothing`() async throws {
    let loading = try await Loading(["STAGE_MODE": "merge"])
    _ = try await loading.load(Self.first)
    let run = try await loading.load("2\tB\t2\t2025-11-07\n1\ta\t1\t2025-11-07\n4\td\t4\t\\N\n\\.\n")
    #expect(["inserted", "updated", "unchanged"].map { run.count($0) } == [1, 1, 1], "\(run.output)")
    #expect(
      try await loading.rows() == [
        "(1,a,1.00,2025-11-07)", "(2,B,2.00,2025-11-07)", "(3,c,,)", "(4,d,4.00,)",
      ])
  }

  @Test(arguments: ["merge", "replace"])
  func `a key that comes twice is refused, whatever the table has`(mode: String) async throws {
    let loading = try await Loading(["STAGE_MODE": mode, "STAGE_SHRINK": "0%"])
    for _ in 0..<2 {
      let run = try await loading.load("1\ta\t1\t\\N\n1\tb\t1\t\\N\n\\.\n")
      #expect(run.exitCode == 78, "\(run.output)")
      #expect(try await loading.place.value("select count(*) from tallies where kind = 'b'") == "0")
      try await loading.place.execute("insert into tallies values (1, 'a', 1, null) on conflict do nothing")
    }
  }

  @Test func `append takes what is new, however often it runs`() async throws {
    let loading = try await Loading(["STAGE_MODE": "append", "STAGE_DEDUP": "post_id"])
    _ = try await loading.load(Self.first)
    let run = try await loading.load("2\tB\t2\t2025-11-07\n5\te\t\\N\t\\N\n\\.\n")
    #expect(run.count("inserted") == 1 && run.count("unchanged") == 1, "\(run.output)")
    #expect(try await loading.place.value("select kind from tallies where post_id = 2") == "b")
    try await loading.place.execute("create unique index on tallies (day, kind)")
    let null = try await loading.load("6\tf\t1\t\\N\n\\.\n", ["STAGE_DEDUP": "kind,day"])
    #expect(null.exitCode == 78 && null.output.contains("null value"), "a null would be new each time: \(null.output)")
    let refused = try await loading.load(Self.first, ["STAGE_DEDUP": "kind"])
    #expect(refused.exitCode == 78 && refused.output.contains("no unique index of exactly kind"), "\(refused.output)")
  }

  @Test func `window replaces the rows of its window, and refuses others`() async throws {
    let loading = try await Loading(["STAGE_MODE": "window", "STAGE_WINDOW_COLUMN": "day", "STAGE_SHRINK": "0%"])
    try await loading.place.execute(
      """
      insert into tallies values
        (1, 'old', 1, '2025-11-06'), (2, 'in', 1, '2025-11-08'), (3, 'gone', 1, '2025-11-08')
      """)
    // The day before two in the morning of the eighth begins at two of the seventh.
    let run = try await loading.load("2\tin\t5\t2025-11-08\n\\.\n")
    #expect(run.exitCode == 0 && run.count("deleted") == 1 && run.count("updated") == 1, "\(run.output)")
    #expect(run.result["window", "start"].string == "2025-11-07T02:00:00Z", "\(run.output)")
    #expect(try await loading.rows() == ["(1,old,1.00,2025-11-06)", "(2,in,5.00,2025-11-08)"])
    let outside = try await loading.load("2\tin\t5\t2025-11-08\n4\tx\t1\t2025-11-06\n\\.\n")
    #expect(outside.exitCode == 78 && outside.output.contains("1 rows of the stream are outside"), "\(outside.output)")
  }

  @Test(arguments: ["text collate \"und-x-icu-ci\"", "citext"])
  func `a key that is equal and written differently is written as the stream has it`(type: String) async throws {
    let loading = try await Loading(
      [:],
      """
      create extension citext;
      create collation "und-x-icu-ci" (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
      create table tallies (word \(type) primary key, seen int)
      """)
    #expect(try await loading.load("Foo\t1\nbar\t2\n\\.\n").count("inserted") == 2)
    let run = try await loading.load("foo\t1\nbar\t2\n\\.\n")
    #expect(run.exitCode == 0 && run.count("updated") == 1 && run.count("unchanged") == 1, "\(run.output)")
    #expect(try await loading.rows() == ["(bar,2)", "(foo,1)"])
    let twice = try await loading.load("foo\t1\nFOO\t2\n\\.\n")
    #expect(twice.exitCode == 78, "\(twice.output)")
  }

  @Test func `a window may end before the scheduled time, and the program hears of it`() async throws {
    let command = #"["sh", "-c", "printf '1\t%s\n' $ONESHOT_WINDOW_START"]"#
    let loading = try await Loading(
      ["STAGE_MODE": "window", "STAGE_WINDOW_COLUMN": "day", "STAGE_WINDOW_DELAY": "2h", "STAGE_COMMAND": command],
      "create table tallies (id int primary key, day date)")
    try await loading.place.execute("insert into tallies values (2, '2025-11-07'), (3, '2025-11-08')")
    let run = try await loading.run()
    #expect(run.exitCode == 0 && run.count("deleted") == 1 && run.count("inserted") == 1, "\(run.output)")
    #expect(run.result["window", "end"].string == "2025-11-08T00:00:00Z", "\(run.output)")
    #expect(try await loading.rows() == ["(1,2025-11-07)", "(3,2025-11-08)"])
  }

  @Test func `too few rows are refused, and a stream may be allowed to be small`() async throws {
    let loading = try await Loading()
    _ = try await loading.load(Self.first)
    let empty = try await loading.load("\\.\n")
    #expect(empty.exitCode == 69 && empty.output.contains("STAGE_MIN_ROWS is 1"), "\(empty.output)")
    let few = try await loading.load("1\ta\t1\t2025-11-07\n\\.\n")
    #expect(few.exitCode == 69 && few.output.contains("STAGE_SHRINK"), "\(few.output)")
    #expect(try await loading.rows().count == 3)
    let allowed = try await loading.load("\\.\n", ["STAGE_MIN_ROWS": "0", "STAGE_SHRINK": "0%"])
    #expect(allowed.exitCode == 0 && allowed.count("deleted") == 3, "\(allowed.output)")
  }

  @Test func `a plan counts the same and writes nothing`() async throws {
    let loading = try await Loading()
    _ = try await loading.load(Self.first)
    let plan = try await loading.load("2\tB\t2\t2025-11-07\n4\td\t4\t\\N\n\\.\n", [:], ["--plan"])
    #expect(["inserted", "updated", "deleted"].map { plan.count($0) } == [1, 1, 2], "\(plan.output)\(plan.errors)")
    #expect(try await loading.rows() == ["(1,a,1.00,2025-11-07)", "(2,b,2.00,2025-11-07)", "(3,c,,)"])
  }
}
