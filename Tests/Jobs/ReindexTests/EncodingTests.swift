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
    let name = place.own("encoded")
    try await place.execute(
      "create database \(name) template template0 encoding '\(encoding)' lc_collate 'C' lc_ctype 'C'")
    let url = place.databaseURL.replacing(try await place.databaseName(), with: name)
    let settings = place.environment.merging(["DATABASE_URL": url, "REINDEX_ENTITIES": "asset"]) { $1 }
    let migration = try await Binary("oneshot").run(["migrate"], settings)
    #expect(migration.exitCode == 0, "\(migration.errors)")
    let database = try Database(ConnectionOptions(url: url, applicationName: "tests"))
    try await database.withSession { session in
      try session.execute(
        script: """
          create table assets (id integer primary key, title text, description text, tags text);
          insert into assets values (7, 'COVID-19', null, null);
          """, limit: .seconds(60))
      try session.execute("update assets set description = \(text)")
    }
    let run = try await Catalogue.binary.run([], settings)
    #expect(run.exitCode == 0 && run.count("inserted") == 1, "\(run.output)")
    for query in queries {
      let found = try await database.withSession { session in
        try session.query("select entity_id from search(\(query)) where not approximate").map {
          try $0.value("entity_id", as: String.self)
        }
      }
      #expect(found == ["7"], "\(query)")
    }
    await database.close()
    try await place.execute("drop database \(name) with (force)")
  }
}
