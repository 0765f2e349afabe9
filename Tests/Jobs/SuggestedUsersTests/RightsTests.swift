import Redis
import TestSupport
import Testing

/// The privileges that the job's page names are enough.
@Suite(.timeLimit(.minutes(10))) struct RightsTests {
  @Test(arguments: ["string", "zset"])
  func `a role and a user with its page's privileges, and nothing more, can check and run`(form: String) async throws {
    let people = try await People()
    try await people.fill()
    try await people.place.execute("drop table follow_requests")
    let restricted = try await people.place.restricted("suggested-users").merging(["SUGGEST_FORM": form]) { $1 }
    let check = try await people.run(["--check"], restricted)
    #expect(check.exitCode == 0, "\(check.output)")
    for mode in ["rebuild", "changed", "changed", "verify"] {
      let run = try await people.run([], restricted.merging(["SUGGEST_MODE": mode]) { $1 })
      #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
    }
    #expect(try await people.place.redis("TYPE", "suggested_users:1").text == form)
  }

  @Test func `an application's role without rights on oneshot's tables queues what it changes`() async throws {
    let people = try await People()
    try await people.fill(follows: 10)
    let role = people.place.own("app")
    try await people.place.execute(
      """
      create role \(role);
      grant usage on schema public to \(role);
      grant select, insert, update, delete, truncate on follows, blocks to \(role);
      delete from oneshot.suggestion_pending;
      set role \(role);
      create temporary table suggestion_pending (user_id text, urgency smallint);
      set search_path = pg_temp, public;
      insert into blocks values (70, 71);
      insert into follows values (70, 72, now());
      delete from follows where follower_id = 70;
      reset role
      """)
    #expect(
      try await people.place.rows("select user_id || ' ' || urgency from oneshot.suggestion_pending order by 1").map {
        $0[0]
      } == ["70 0", "70 0", "70 1", "71 0"])
    try await people.place.execute("reset search_path; drop owned by \(role); drop role \(role)")
  }
}
