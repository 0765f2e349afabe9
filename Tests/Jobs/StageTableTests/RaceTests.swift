import TestSupport
import Testing

/// Others who write to the table while a stream replaces it.
@Suite(.timeLimit(.minutes(10))) struct RaceTests {
  @Test(arguments: [
    ("post_id bigint", "replace"), ("post_id bigint primary key", "replace"), ("post_id bigint", "window"),
  ])
  func `rows that others have written and not yet committed are replaced, too`(key: String, mode: String)
    async throws
  {
    let loading = try await Loading(
      ["STAGE_MODE": mode, "STAGE_WINDOW_COLUMN": mode == "window" ? "day" : ""],
      Loading.table.replacing("post_id bigint primary key", with: key))
    let other = try await OpenTransaction(
      in: loading.place, "insert into tallies values (1, 'a', 1, '2025-11-08'), (2, 'b', 2, '2025-11-08')")
    let load = Task { try await loading.load("2\tB\t2\t2025-11-08\n3\tc\t3\t2025-11-08\n\\.\n") }
    try await eventually {
      try await loading.place.value(
        """
        select exists (select from pg_locks where relation = 'tallies'::regclass and not granted)
          or exists (select from tallies where post_id = 3)
        """) == "true"
    }
    try await other.commit()
    let run = try await load.value
    #expect(run.exitCode == 0 && run.count("deleted") != 0, "\(run.output)\(run.errors)")
    #expect(try await loading.rows() == ["(2,B,2.00,2025-11-08)", "(3,c,3.00,2025-11-08)"])
  }
}
