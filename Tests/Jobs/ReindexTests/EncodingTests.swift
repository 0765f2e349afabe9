import Postgres
import TestSupport
import Testing

/// Databases that are not in UTF8, or whose locale knows no letters but ASCII's.
@Suite(.timeLimit(.minutes(10))) struct EncodingTests {
  @Test(arguments: [
    ("UTF8", "École, straße", ["ÉCOLE", "e\u{301}cole", "STRASSE", "covid-1*"]),
    ("LATIN1", "École, naïf", ["École", "naïf", "covid-1*"]), ("EUC_JP", "東京 kyoto", ["東京", "KYOTO", "covid-1*"]),
  ])
  func `a document is found as far as its encoding allows`(encoding: String, text: String, queries: [String])
    async throws
  {
    let place = try await Place()
    try await place.withDatabase(in: encoding) { database, settings in
      try await database.withSession { session in
        try session.execute(
          script: """
            create table assets (id integer primary key, title text, description text, tags text);
            insert into assets values (7, 'COVID-19', null, null);
            """, limit: .seconds(60))
        try session.execute("update assets set description = \(text)")
      }
      let run = try await Catalogue.binary.run([], settings.merging(["REINDEX_ENTITIES": "asset"]) { $1 })
      #expect(run.exitCode == 0 && run.count("inserted") == 1, "\(run.output)")
      for query in queries {
        let found = try await database.withSession { session in
          try session.query("select entity_id from search(\(query)) where not approximate").map {
            try $0.value("entity_id", as: String.self)
          }
        }
        #expect(found == ["7"], "\(query)")
      }
    }
  }
}
