import Foundation
import TestSupport
import Testing

/// An entity that reads MySQL through mysql_fdw.
@Suite(.serialized, .timeLimit(.minutes(10))) struct ForeignEntityTests {
  @Test(arguments: [1, 4, 8, 15], ["changed", "rebuild"])
  func `a connection that ends in the middle of a table takes no document out of the index`(
    fetch: Int, mode: String
  ) async throws {
    let catalogue = try await Catalogue()
    guard let server = try await MariaDB.foreign(to: catalogue.place) else { return }
    let fading = try FadingMariaDB(server)
    try await server.lines(
      """
      create user jobs identified by 'secret'; grant select on app.* to jobs;
      create database app; use app; create table articles (id bigint primary key, title varchar(100));
      insert into articles select seq, concat('article ', seq) from seq_1_to_300;
      """)
    try await fading.define(in: catalogue.place)
    try await catalogue.place.execute(
      "create foreign table articles (id bigint, title text) server mariadb options (dbname 'app')")
    let folder = try TemporaryFolder()
    try "select id, title as a from articles".write(
      toFile: "\(folder.path)/article.sql", atomically: true, encoding: .utf8)
    let settings = [
      "REINDEX_ENTITIES_DIR": folder.path, "REINDEX_ENTITIES": "article", "REINDEX_MODE": mode, "JOB_BACKOFF_MAX": "0s",
    ]
    #expect(try await catalogue.run([], settings).exitCode == 0)
    fading.end(at: fetch)
    let run = try await catalogue.run([], settings)
    #expect(fading.hasEnded)
    #expect(run.exitCode == 0 && run.count("removed") == 0, "\(run.output)\(run.errors)")
    #expect(run.errors.contains("was lost while its tables were read"), "\(run.errors)")
    #expect(try await catalogue.place.value("select count(*) from search_documents") == "300")
  }
}
