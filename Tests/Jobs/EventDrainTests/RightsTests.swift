import TestSupport
import Testing

/// The privileges that the job's page names are enough, and so is what it says of a handler.
@Suite(.timeLimit(.minutes(10))) struct RightsTests {
  @Test func `a role and a user with its page's privileges can do all`() async throws {
    let drained = try await Drained()
    let restricted = try await drained.place.restricted("event-drain")
    let role = drained.place.own("jobs")
    try await drained.place.execute("grant insert on effects to \(role)")
    try await drained.add(0..<10)
    try await drained.add([#"{"type":"search.update","data":{"entity":"a","entity_id":"1"}}"#])
    let check = try await drained.run(["--check"], restricted)
    #expect(check.exitCode == 0, "\(check.output)")
    let run = try await drained.run([], restricted)
    #expect(run.exitCode == 0 && run.count("done") == 11, "\(run.output)\(run.errors)")
    let table = restricted.merging(["EVENTS_SOURCE": "postgres"]) { $1 }
    let refused = try await drained.run(["--check"], table)
    #expect(refused.exitCode == 77 && refused.output.contains("oneshot.events"), "\(refused.output)")
    try await drained.place.execute("grant select, delete, update (written_by) on oneshot.events to \(role)")
    let writer = drained.place.own("writer")
    try await drained.place.execute(
      """
      create role \(writer) login; grant usage on schema oneshot to \(writer);
      grant insert (dedup, event), select (dedup) on oneshot.events to \(writer); set role \(writer);
      \(try Page("docs/jobs/event-drain.md").code("insert")); reset role
      """)
    let second = try await drained.run([], table)
    #expect(second.exitCode == 0 && second.count("done") == 1, "\(second.output)\(second.errors)")
  }

  @Test(arguments: [
    "xinfo|stream", "xinfo|groups", "xgroup|create", "xreadgroup", "xrange", "xpending", "xautoclaim", "xack", "xtrim",
  ])
  func `a user that lacks a command is named by the check`(command: String) async throws {
    let drained = try await Drained()
    let restricted = try await drained.place.restricted("event-drain")
    try await drained.place.execute("grant insert on effects to \(drained.place.own("jobs"))")
    try await drained.place.redis("ACL", "SETUSER", drained.place.own("jobs"), "-\(command)")
    let check = try await drained.run(["--check"], restricted)
    let name = command.split(separator: "|")[0].uppercased()
    #expect(check.exitCode == 77 && check.output.contains("\(name) is refused"), "\(check.output)")
  }

  @Test func `the handler of the page does what it says`() async throws {
    let drained = try await Drained()
    try drained.handler("positions", try Page("docs/jobs/event-drain.md").code("positions"))
    let missing = try await drained.run(["--check"])
    #expect(
      missing.exitCode == 78 && missing.output.contains("leave positions out of EVENTS_HANDLERS"), "\(missing.output)")
    let campaign = "00000000-0000-0000-0000-000000000001"
    try await drained.place.execute(
      """
      create table waitlist_users (
        id bigint, campaign_id uuid, original_position integer, verified_referrals integer, position integer);
      insert into waitlist_users values (1, '\(campaign)', 10, 2, 10)
      """)
    try await drained.add([
      #"{"type":"job.position.recalculate","campaign_id":"\#(campaign)","data":{"points_per_referral":3}}"#
    ])
    let check = try await drained.run(["--check"])
    #expect(check.exitCode == 0, "\(check.output)")
    #expect(try await drained.run().exitCode == 0)
    #expect(try await drained.place.value("select position from waitlist_users") == "4")
  }
}
