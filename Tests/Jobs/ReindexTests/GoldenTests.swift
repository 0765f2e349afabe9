import JobRuntime
import Postgres
import TestSupport
import Testing

@testable import Reindex

/// What the job says to Postgres; see Tests/Golden.
@Suite(.timeLimit(.minutes(10))) struct GoldenTests {
  private let samples: [String: any PostgresEncodable] = [
    "entity": "asset", "entities": ["asset", "creator"], "sources": ["select …", "select …"], "source": "select …",
    "language": "english", "mode": "changed", "shard": 0, "shards": 1, "lane": 0, "lanes": 2,
    "fractions": [0.5, 1.0], "batch": 500, "limit": 500, "after": "5000", "upto": "100000", "ids": ["5", "700"],
    "compares": true, "since": "2025-11-08T02:00:00Z", "started_at": "2025-11-08T02:00:00Z",
    "instance": "", "is_rebuilding": true, "dead_since": "2025-11-08T02:00:00Z", "pass": "changed 2025-11-08T02:00:00Z",
  ]
  private let rebuild = "select oneshot.search_rebuild_start()"

  @Test func `the assembled statements are those of Tests-Golden, and psql takes each`() async throws {
    let catalogue = try await Catalogue()
    var env = Environment([:])
    let entities = Reindex.Settings(from: &env).entities
    var golden = GoldenStatements("reindex", samples)
    try golden.add(
      folder: "Jobs/Reindex",
      except: [
        "asset", "creator", "project", "license", "blog_post", "source_rows", "page", "page_by_ids", "done", "compared",
        "documents", "written", "loaded", "moved", "verified", "tally", "tally_verified", "tally_listed", "listed",
        "listed_ids", "listed_as_text", "gone", "gone_removed", "lanes", "plan", "plan_only", "first_id", "describe",
        "old_failures", "tracked", "untracked", "unseen",
      ])
    golden.add("untracked", try Untracked.statement(.untracked, entities))
    golden.add("unseen", try Untracked.statement(.unseen, entities))
    for entity in entities {
      golden.add("columns_of_\(entity.name)", try entity.columns())
      golden.add("plan_of_\(entity.name)", try entity.plan())
    }
    let asset = try #require(entities.first { $0.name == "asset" })
    func add(_ name: String, _ parts: [SQLFragment], _ last: SQLFragment) throws {
      golden.add(name, try asset.statement(parts, last, binding: samples))
    }
    for (name, action) in [("write", Action.write), ("load", .load), ("look", .look), ("verify", .verify)] {
      let (parts, last) = action.parts()
      try add("page_\(name)", parts, last)
    }
    try add("page_by_ids", Action.write.parts(byIds: true).parts, Action.write.parts(byIds: true).last)
    try add("first_id", [.pageByIDs], .firstID)
    try add("listed", Listing.parts(isDryRun: false), .tallyListed)
    try add("listed_planned", Listing.parts(isDryRun: true), .tallyListed)
    try add("are_ids", [.listedIDs], .noRow)
    try add("sweep", [.listedIDs, .gone, .goneRemoved], .goneIDs)
    try add("sweep_as_text", [.listedAsText, .gone], .goneIDs)
    try add("lanes", [.lanes], .plan)
    try add("lanes_planned", [.lanes], .planOnly)
    golden.add("describe", try asset.description())
    try await golden.check(
      in: catalogue.place,
      needs: Dictionary(
        uniqueKeysWithValues: ["page_load", "carry_over", "rebuilt", "new_words", "resumable"].map { ($0, [rebuild]) }))
  }
}
