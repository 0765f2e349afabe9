import TestSupport

@testable import Reindex

/// The model is a query over the application's tables.
extension Catalogue: ModelledJob {
  typealias TestedJob = Reindex

  static let ways = ["changed", "rebuild"].map {
    ["REINDEX_MODE": $0, "REINDEX_ENTITIES": "asset,license", "REINDEX_BATCH": "3"]
  }

  static func make(on servers: PrivateServers?) async throws -> Catalogue {
    let catalogue = try await Catalogue(on: servers)
    try await catalogue.fill(1)
    return catalogue
  }

  func clear() async throws {
    try await forgetRuns()
    try await place.execute("delete from search_documents; delete from oneshot.reindex_cursors")
  }

  func change(using random: inout SeededGenerator) async throws {
    let seed = Int.random(in: 1...9999, using: &random)
    try await place.execute(
      """
      update assets set title = words(4, \(seed)) where id % \(Int.random(in: 2...7, using: &random)) = 0;
      insert into assets (id, title, description) select \(seed) * 100 + g, words(3, g), words(9, g)
        from generate_series(1, \(Int.random(in: 0...9, using: &random))) g on conflict do nothing;
      insert into licenses select 'l\(seed)-' || g, words(2, g), words(9, g + \(seed))
        from generate_series(1, \(Int.random(in: 1...20, using: &random))) g on conflict do nothing;
      delete from licenses where id = (select max(id) from licenses)
      """)
  }

  func mistakes() async throws -> [String] {
    try await differences(where: "entity in ('asset', 'license')").map { $0.joined(separator: " ") }
  }
}
