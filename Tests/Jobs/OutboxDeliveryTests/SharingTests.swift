import TestSupport
import Testing

/// Several lanes, several installations, and an application that holds rows.
@Suite(.timeLimit(.minutes(10)), .enabled(if: TraitBuild.isOutboxBuilt)) struct SharingTests {
  @Test func `lanes together send no more than the run may`() async throws {
    let (outbox, server) = (try await Outbox(["DELIVERY_PARALLEL": "4"]), try await MailServer())
    try await outbox.add(1...20)
    let run = try await outbox.run(server, ["DELIVERY_MAX": "3"])
    #expect(try run.result["counts", "sent"].int == 3 && server.mails().count == 3, "\(run.output)")
  }

  @Test func `what a run of another installation is sending is left to it until its time is over`() async throws {
    let (outbox, server) = (try await Outbox(), try await MailServer())
    let id = "01a228a9-1ce6-7a5b-af9a-758367ac1df3"
    try await outbox.add(1...1, ["state": "'sending'", "attempts": "1", "sending_by": "'\(id)'"])
    try await outbox.place.execute(
      """
      insert into oneshot.job_runs (run_id, instance, job, shard, shard_count, scheduled_at, scheduled_by, forced, status, attempt, fence,
        started_at, host, version, deadline_at)
      values ('\(id)', 'east', 'outbox-delivery', 0, 1, now(), 'clock', false, 'running', 1, 1, now(), 'h', '0', now() + interval '5 min')
      """)
    _ = try await outbox.run(server)
    #expect(try await outbox.states() == ["sending 1 0"])
    #expect(try server.mails().isEmpty)
    try await outbox.place.execute("update oneshot.job_runs set deadline_at = now() where instance = 'east'")
    _ = try await outbox.run(server)
    #expect(try await outbox.states() == ["sent 2 1"])
  }

  @Test func `messages that somebody holds keep no other back`() async throws {
    let (outbox, server) = (try await Outbox(), try await MailServer())
    try await outbox.add(1...1, ["expires_at": "now() - interval '1 hour'"])
    try await outbox.add(2...2, ["priority": "1"])
    try await outbox.add(3...3)
    try await outbox.place.execute(
      "insert into oneshot.suppressions (address, reason) values ('user2@example.org', 'manual')")
    let held = try await OpenTransaction(
      in: outbox.place, "select from oneshot.deliveries where dedup_key in ('mail:1', 'mail:2') for update")
    let run = try await outbox.run(server)
    #expect(run.exitCode == 0 && run.result["counts", "sent"].int == 1, "\(run.output)\(run.errors)")
    try await held.rollBack()
    _ = try await outbox.run(server)
    #expect(try await outbox.states() == ["expired 0 0", "suppressed 0 0", "sent 1 0"])
  }
}
