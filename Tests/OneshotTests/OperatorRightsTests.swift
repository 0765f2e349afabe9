import Redis
import TestSupport
import Testing

/// The privileges that the page for operators names are enough, and no more.
@Suite(.timeLimit(.minutes(10))) struct OperatorRightsTests {
  @Test func `the operator's role and user can do what the page says, and run no job`() async throws {
    let usage = try await Usage()
    try await usage.set(["m:2025-11-07:x": "5", "bad:2025-11-07:x": "?"])
    let id = try #require(try await usage.run([], ["JOB_LOCK_MIN_HOLD": "10m"]).result["run_id"].string)
    try await usage.place.execute(
      """
      insert into oneshot.deliveries (dedup_key, channel, recipient, template)
      values ('mail:1', 'email', 'ada@example.org', 'welcome')
      """)
    let restricted = try await usage.place.restricted(as: "oneshot_operator", in: "docs/operate.md")
    let oneshot = Binary("oneshot")
    let item = "usage:bad:2025-11-07:x"
    for words in [
      ["health"], ["runs"], ["run", id], ["locks"], ["unlock", "usage-aggregation", "--yes"], ["dead-letters", "list"],
      ["dead-letters", "show", "usage-aggregation", item], ["dead-letters", "replay", "usage-aggregation", item],
      ["dead-letters", "discard", "usage-aggregation", item], ["events", "list"],
      ["deliveries", "list"], ["deliveries", "show", "mail:1"], ["deliveries", "hold", "mail:1"],
      ["deliveries", "release", "mail:1"], ["deliveries", "cancel", "mail:1"], ["deliveries", "resend", "mail:1"],
      ["pause", "usage-aggregation", "--for", "1h", "--reason", "maintenance"], ["resume", "usage-aggregation"],
      ["run-now", "usage-aggregation"], ["run-now", "usage-aggregation", "--withdraw"],
      ["snooze", "usage-aggregation", "failing", "--for", "1h"], ["unsnooze", "usage-aggregation", "failing"],
      ["suppressions", "add", "a@example.org"], ["suppressions", "remove", "a@example.org"], ["suppressions", "list"],
    ] {
      let outcome = try await oneshot.run(words, restricted)
      // The last run was partial, which is not well.
      #expect(outcome.exitCode == (words == ["health"] ? 1 : 0), "\(words): \(outcome.errors)")
      #expect(!outcome.output.contains("not known"), "\(words): \(outcome.output)")
    }
    #expect(try await usage.place.redis("EXISTS", Usage.lockKey).integer == 0)
    let role = restricted["DATABASE_URL"]?.firstMatch(of: /user=([a-z0-9_]+)/)?.output.1 ?? ""
    #expect(
      try await usage.place.value(
        """
        select count(*) from pg_class where relnamespace = 'oneshot'::regnamespace and relkind in ('r', 'p')
          and has_table_privilege('\(role)', oid, 'insert, delete, truncate')
        """) == "0")
    #expect(try await Usage.binary.run([], restricted).exitCode == 77, "no job may run as it")
  }
}
