import Foundation
import TestSupport
import Testing

/// Posts that a file of the user's own keeps from being published.
@Suite(.timeLimit(.minutes(10))) struct GuardTests {
  private static let picture = """
    -- Nothing without a picture.
    select id, 'no picture' as reason from posts where picture is null -- of :table
    """

  private func editorial(_ text: String, in folder: TemporaryFolder) async throws -> Editorial {
    let file = "\(folder.path)/guard.sql"
    try text.write(toFile: file, atomically: true, encoding: .utf8)
    let editorial = try await Editorial(["PUBLISH_GUARD": file])
    try await editorial.add(1...5)
    try await editorial.place.execute("update posts set picture = 'p' where id in (2, 4)")
    return editorial
  }

  @Test func `posts that it names stay, with their reasons, until it no longer does`() async throws {
    let folder = try TemporaryFolder()
    let editorial = try await editorial(Self.picture, in: folder)
    #expect(try await editorial.run(["--check"]).exitCode == 0)
    let plan = try await editorial.run(["--plan"])
    #expect(plan.count("due") == 5 && plan.count("guarded") == 3 && plan.count("published") == 2, "\(plan.output)")
    let run = try await editorial.run([], ["PUBLISH_BATCH": "2"])
    #expect(run.exitCode == 0 && run.count("guarded") == 3 && run.count("published") == 2, "\(run.output)\(run.errors)")
    #expect(
      run.result["details", "guarded_posts"].elements.map { $0["post"].string } == ["posts/1", "posts/3", "posts/5"])
    #expect(run.result["details", "guarded_posts"][0]["reason"].string == "no picture")
    #expect(
      try await editorial.statuses() == ["1 scheduled", "2 published", "3 scheduled", "4 published", "5 scheduled"])
    try await editorial.place.execute("update posts set picture = 'p' where id = 3")
    #expect(try await editorial.run().count("published") == 1)
    #expect(try await editorial.events() == ["post.published 2", "post.published 4", "post.published 3"])
  }

  @Test(arguments: [
    ("selectt", "syntax error"), ("select id from posts", "reason"),
    (
      "select 1 as id, 'x' as reason) as file), gone as (delete from posts), x as (select * from (select 1",
      "syntax error"
    ),
    ("delete from posts returning id, 'x' as reason", "syntax error"),
    ("select id, 1 / 0 as reason from posts where id = 3", "division"),
    ("select id, written(id) as reason from posts", "read-only"),
    ("select id, :nothing as reason from posts", ":nothing"),
  ])
  func `without its verdict nothing is published, and it cannot write`(text: String, complaint: String) async throws {
    let folder = try TemporaryFolder()
    let editorial = try await editorial(text, in: folder)
    try await editorial.place.execute(
      """
      create table notes (id bigint);
      create function written(id bigint) returns text language sql as 'insert into notes values (id) returning id::text'
      """)
    let run = try await editorial.run()
    #expect(run.exitCode == 78, "\(run.output)\(run.errors)")
    #expect(run.result["error", "message"].string?.contains(complaint) == true, "\(run.output)")
    #expect(run.result["error", "message"].string?.contains("guard.sql") == true)
    #expect(try await editorial.statuses().allSatisfy { $0.hasSuffix(" scheduled") })
    #expect(try await editorial.events() == [])
    #expect(try await editorial.place.value("select count(*) from notes") == "0")
  }

  @Test func `a plan counts a post that is too late and guarded once, as a run does`() async throws {
    let folder = try TemporaryFolder()
    let file = "\(folder.path)/guard.sql"
    try "select id, 'no picture' as reason from posts where id = 1".write(
      toFile: file, atomically: true, encoding: .utf8)
    let editorial = try await Editorial(["PUBLISH_GUARD": file, "PUBLISH_TOO_LATE": "2h", "JOB_SCHEDULED_AT": ""])
    try await editorial.place.execute(
      "insert into posts (id, publish_at) values (1, now() - interval '3 hours'), (2, now() - interval '5 minutes')")
    for arguments in [["--plan"], []] {
      let run = try await editorial.run(arguments)
      #expect(
        run.count("held") == 1 && run.count("guarded") == 0 && run.count("published") == 1, "\(run.output)\(run.errors)"
      )
    }
  }

  @Test func `a file that is missing is named by check and by a run`() async throws {
    let editorial = try await Editorial(["PUBLISH_GUARD": "/nowhere/guard.sql"])
    try await editorial.add(1...1)
    for arguments in [["--check"], []] {
      let run = try await editorial.run(arguments)
      #expect(run.exitCode == 78 && run.output.contains("/nowhere/guard.sql"), "\(run.output)")
    }
  }
}
