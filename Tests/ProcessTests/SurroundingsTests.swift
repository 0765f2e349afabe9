import Foundation
import TestSupport
import Testing

/// What the environment of a process and a service file say to libpq, as the binary meets it.
@Suite(.timeLimit(.minutes(10))) struct SurroundingsTests {
  /// Runs a board whose members are the settings of the session that it is read in.
  private func settings(_ environment: [String: String], parameters: String = "") async throws -> Set<String> {
    let boards = try await Leaderboards()
    let folder = try TemporaryFolder()
    try """
    select name || '=' || current_setting(name) as member, 1 as score
    from unnest(array['TimeZone', 'DateStyle', 'client_encoding', 'extra_float_digits', 'row_security', 'search_path']) as name
    union all select 'café €', 2
    """.write(toFile: "\(folder.path)/session.sql", atomically: true, encoding: .utf8)
    let run = try await boards.run(
      [],
      environment.merging([
        "DATABASE_URL": boards.place.databaseURL + parameters, "TOP_STATS_BOARDS_DIR": folder.path,
        "TOP_STATS_BOARDS": "session",
      ]) { $1 })
    #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
    return Set(try await boards.board("session").map { String($0.prefix { $0 != " " }) })
  }

  private static let right: Set = [
    "TimeZone=UTC", "DateStyle=ISO,", "client_encoding=UTF8", "extra_float_digits=1", "row_security=off", "café",
  ]

  @Test func `no variable of libpq changes what results depend on, and the user's own options arrive`() async throws {
    let found = try await settings([
      "PGTZ": "Asia/Tokyo", "PGDATESTYLE": "German, DMY", "PGCLIENTENCODING": "LATIN1",
      "PGOPTIONS": "-c search_path=public,app -c extra_float_digits=0 -c row_security=on -c TimeZone=Asia/Tokyo",
    ])
    #expect(found == Self.right.union(["search_path=public,app"]), "\(found)")
  }

  @Test(arguments: ["", "&service=jobs"]) func `a service file's options arrive`(parameters: String) async throws {
    let folder = try TemporaryFolder()
    let file = "\(folder.path)/services"
    try "[jobs]\noptions=-c search_path=public,app -c DateStyle=German\n".write(
      toFile: file, atomically: true, encoding: .utf8)
    let service = parameters.isEmpty ? ["PGSERVICE": "jobs"] : [:]
    let found = try await settings(service.merging(["PGSERVICEFILE": file]) { $1 }, parameters: parameters)
    #expect(found == Self.right.union(["search_path=public,app"]), "\(found)")
  }

  @Test(arguments: [
    (["PGTZ": "Nowhere/At_all"], "PGTZ"), (["PGOPTIONS": "-c no_such_setting=1"], "PGOPTIONS"),
    (["PGSERVICE": "nobody", "PGSERVICEFILE": "/dev/null"], "service"),
  ])
  func `a variable that cannot be is a mistake of the settings`(variables: [String: String], word: String) async throws
  {
    let place = try await Place()
    let run = try await Binary("usage-aggregation").run([], place.environment.merging(variables) { $1 })
    #expect(run.exitCode == 78, "\(run.output)")
    let said = (run.result["error", "message"].string ?? "") + (run.result["error", "hint"].string ?? "")
    #expect(said.contains(word), "\(said)")
  }
}
