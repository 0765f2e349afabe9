import Foundation
import JobRuntime
import Postgres
import TestSupport
import Testing

@testable import Reindex

/// How the server reads a page: by the id's index, whatever the file looks like.
@Suite(.timeLimit(.minutes(10))) struct PlanTests {
  private static let grouped = """
    select assets.id, assets.title as a, string_agg(asset_tags.tag, ' ') as c
    from assets left join asset_tags on asset_tags.asset_id = assets.id
    group by assets.id
    """

  /// The plan of a statement of the entity `asset`.
  private func plan(
    of parts: [SQLFragment], _ last: SQLFragment, _ file: String?, _ place: Place, compares: Bool = true
  ) async throws -> String {
    let folder = try TemporaryFolder()
    var settings: [String: String] = [:]
    if let file {
      try file.write(toFile: "\(folder.path)/asset.sql", atomically: true, encoding: .utf8)
      settings["REINDEX_ENTITIES_DIR"] = folder.path
    }
    var env = Environment(settings)
    let entity = try #require(Reindex.Settings(from: &env).entities.first { $0.name == "asset" })
    let statement = try entity.statement(
      parts, last,
      binding: [
        "after": "5000", "upto": "100000", "shards": 1, "shard": 0, "limit": 100, "language": "english",
        "entity": "asset", "ids": ["5", "700"], "compares": compares, "mode": "rebuild", "lane": 0,
      ])
    return try await place.database.withSession { session in
      try session.query(Statement(sql: "explain " + statement.sql, parameters: statement.parameters))
        .map { try $0.value("QUERY PLAN", as: String.self) }.joined(separator: "\n")
    }
  }

  private func filled() async throws -> Place {
    let catalogue = try await Catalogue()
    try await catalogue.place.execute(
      """
      create table asset_tags (asset_id bigint, tag text);
      insert into assets (id, title) select g, 'title ' || g from generate_series(1, 20000) g;
      insert into asset_tags select g, 'tag' from generate_series(1, 20000) g;
      create index on asset_tags (asset_id);
      insert into search_documents select 'asset', g::text, '', 1, 'english' from generate_series(1, 20000) g;
      analyze;
      """)
    return catalogue.place
  }

  @Test(arguments: [nil, grouped])
  func `a page is looked up by the index, and so is what is stored of it`(file: String?) async throws {
    let place = try await filled()
    let page = try await plan(of: Action.look.parts().parts, Action.look.parts().last, file, place)
    #expect(
      page.contains(/Index Cond: \(\((assets\.)?id > '5000'::bigint\) AND \((assets\.)?id <= '100000'::bigint\)\)/),
      "\(page)")
    let listed = try await plan(
      of: [.listed], SQLFragment(sql: "select count(*) from page"), file, place)
    #expect(listed.contains(/Index Cond: \((assets\.)?id = ANY/), "\(listed)")
    let byIds = try await plan(
      of: Action.look.parts(byIds: true).parts, Action.look.parts(byIds: true).last, file, place)
    for plan in [page, listed, byIds] {
      #expect(!plan.contains("Seq Scan on assets") && !plan.contains("Seq Scan on search_documents"), "\(plan)")
    }
  }

  /// A condition that the planner knows nothing of makes it expect one row, and compare each row with each other one.
  @Test func `however few rows are expected, a rebuild reads those of a page once, and the index for none of them`()
    async throws
  {
    let place = try await filled()
    try await place.execute("create table search_documents_new (like search_documents including defaults)")
    let file = "select id, title as a from assets where length(title) > 3 and title || '' > '' and id + 0 > 0"
    let plan = try await plan(of: Action.load.parts().parts, Action.load.parts().last, file, place, compares: false)
    #expect(!plan.contains(/(Join Filter|Hash Cond|Merge Cond): .*page[a-z_0-9]*\.id/), "\(plan)")
    #expect(plan.contains("One-Time Filter"), "\(plan)")
  }
}
