import Foundation
import TestSupport
import Testing

/// Entities whose tables the application does not have.
@Suite(.timeLimit(.minutes(10))) struct OffTests {
  @Test(arguments: ["changed", "pending", "rebuild", "verify"])
  func `built-in entities without tables are off in every mode, and said once`(mode: String) async throws {
    let place = try await Place()
    try await place.execute("create table projects (id bigint primary key, title text, description text)")
    let settings = place.environment.merging(["REINDEX_MODE": mode]) { $1 }
    let first = try await Catalogue.binary.run([], settings)
    #expect(first.exitCode == 0, "\(first.output)\(first.errors)")
    #expect(first.result["details", "on"].elements.map(\.string) == ["project"])
    #expect(first.result["details", "off", "asset"].elements.map(\.string) == ["assets"])
    #expect(first.errors.components(separatedBy: "a part of the job is off").count == 5)
    let second = try await Catalogue.binary.run([], settings)
    // A verification leaves nothing behind.
    #expect(second.exitCode == 0 && second.errors.contains("a part of the job is off") == (mode == "verify"))
    let check = try await Catalogue.binary.run(["--check"], settings)
    #expect(check.exitCode == 0 && check.output.contains("asset is off: the table assets does not exist"))
  }

  @Test func `an entity of which there are documents is red where its table is gone, and so is a chosen one`()
    async throws
  {
    let place = try await Place()
    try await place.execute(
      """
      create table projects (id bigint primary key, title text, description text);
      insert into projects values (1, 'a bridge', '')
      """)
    #expect(try await Catalogue.binary.run([], place.environment).count("inserted") == 1)
    try await place.execute("drop table projects; delete from oneshot.job_runs")
    let gone = try await Catalogue.binary.run([], place.environment)
    #expect(gone.exitCode == 65 && gone.output.contains("projects"), "\(gone.output)")
    #expect(try await place.value("select count(*) from search('bridge')") == "1")
    let chosen = place.environment.merging(["REINDEX_ENTITIES": "asset"]) { $1 }
    #expect(try await Catalogue.binary.run([], chosen).exitCode == 65)
    #expect(try await Catalogue.binary.run(["--check"], chosen).exitCode == 78)
    #expect(try await Catalogue.binary.run([], place.environment).exitCode == 65, "of projects alone")
    try await place.execute("delete from search_documents")
    let settled = try await Catalogue.binary.run([], place.environment)
    #expect(settled.exitCode == 65, "the run before had it on")
  }
}
