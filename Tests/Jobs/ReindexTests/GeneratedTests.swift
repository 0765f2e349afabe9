import TestSupport
import Testing

/// Sources that change at random, and runs of all modes in random order: after each the index equals a plain query.
@Suite(.timeLimit(.minutes(15))) struct GeneratedTests {
  private static let changes = [
    "update assets set title = words(3, (random() * 9999)::integer) where random() < 0.1",
    "update assets set description = (array[null, '', 'short', words(50, id::integer)])[1 + floor(random() * 4)::integer] where random() < 0.1",
    "update assets set deleted_at = case when deleted_at is null then now() end where random() < 0.15",
    "update assets set language = (array[null, 'german', 'French', 'simple'])[1 + floor(random() * 4)::integer] where random() < 0.1",
    "update assets set id = id + 1000000 where random() < 0.02",
    "delete from assets where random() < 0.05",
    "insert into assets (id, title, tags) select (random() * 1e9)::bigint, words(2, g), array[words(1, g)] from generate_series(1, 5) g",
    "delete from creators where random() < 0.1",
    "insert into creators (stage_name, bio) select words(1, g), null from generate_series(1, 5) g",
    "update creators set specialties = coalesce(specialties, '') || ' more' where random() < 0.2",
    "delete from licenses where random() < 0.1",
    "insert into licenses select md5(random()::text), words(2, g), '' from generate_series(1, 4) g",
    "update blog_posts set content = excerpt, excerpt = content where random() < 0.2",
    "update projects set deleted_at = case when random() < 0.5 then now() end",
    "truncate projects",
    "insert into projects select g, words(2, g), null, null from generate_series(1, 20) g on conflict do nothing",
  ]

  @Test(arguments: [1, 2, 3, 4] as [UInt64])
  func `after any run the index is what a plain query would build`(seed: UInt64) async throws {
    var random = SeededGenerator(seed)
    let catalogue = try await Catalogue()
    try await catalogue.fill(80)
    #expect(try await catalogue.run().exitCode == 0)
    try await catalogue.place.execute(
      """
      do $$ begin
        perform oneshot.search_track('assets', 'asset'); perform oneshot.search_track('creators', 'creator');
        perform oneshot.search_track('projects', 'project'); perform oneshot.search_track('licenses', 'license');
        perform oneshot.search_track('blog_posts', 'blog_post'); perform setseed(\(Double(seed) / 10));
      end $$
      """)
    for round in 1...8 {
      for change in (0..<6).map({ _ in Self.changes.randomElement(using: &random) ?? "" }) {
        try await catalogue.place.execute(change)
      }
      let mode = ["changed", "pending", "pending", "rebuild"].randomElement(using: &random) ?? ""
      let batch = [3, 20, 1000].randomElement(using: &random) ?? 1
      let lanes = Int.random(in: 1...3, using: &random)
      let run = try await catalogue.run(
        [], ["REINDEX_MODE": mode, "REINDEX_BATCH": "\(batch)", "REINDEX_PARALLEL": "\(lanes)"])
      #expect(run.exitCode == 0, "round \(round), \(mode): \(run.output)\(run.errors)")
      #expect(try await catalogue.differences() == [], "round \(round), \(mode), \(batch), \(lanes)")
    }
    #expect(try await catalogue.run([], ["REINDEX_MODE": "verify"]).exitCode == 0)
  }
}
