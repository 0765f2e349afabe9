import Foundation
import TestSupport
import Testing

/// What settings change of a run.
@Suite(.timeLimit(.minutes(10))) struct SettingsTests {
  @Test func `domains of a file are read however its lines are written, and leave the table with the file`()
    async throws
  {
    let folder = try TemporaryFolder()
    let file = "\(folder.path)/domains"
    func write(_ text: String) throws { try text.write(toFile: file, atomically: true, encoding: .utf8) }
    let signups = try await Signups()
    try await signups.place.execute(
      "insert into oneshot.fraud_domains (domain, kind) values ('table.org', 'disposable')")
    try await signups.add(
      "id, email, created_at",
      """
      values (1, 'a@x.trash.org', timestamptz '2025-11-07'), (2, 'b@wild.net', '2025-11-07'), (3, 'c@AT.org', '2025-11-07'),
        (4, 'd@nottrash.org', '2025-11-07'), (5, 'e@table.org', '2025-11-07')
      """)
    try write("\u{FEFF}Trash.org # a comment\r\n\r\n# nottrash.org\r\n*.wild.net\r\n@at.org.")
    let settings = ["FRAUD_DOMAINS_FILE": file]
    let run = try await signups.run([], settings)
    #expect(run.exitCode == 0 && run.count("suspect") == 4, "\(run.output)\(run.errors)")
    let domains = "select string_agg(domain, ' ' order by domain) from oneshot.fraud_domains"
    #expect(try await signups.place.value(domains) == "at.org table.org trash.org wild.net")
    try write("trash.org\nno domain\n")
    let refused = try await signups.run([], settings)
    #expect(refused.exitCode == 78 && refused.output.contains("line 2"), "\(refused.output)")
    #expect(try await signups.place.value(domains) == "at.org table.org trash.org wild.net")
    let missing = try await signups.run(["--check"], ["FRAUD_DOMAINS_FILE": file + "x"])
    #expect(missing.exitCode == 78 && missing.output.contains("cannot be read"), "\(missing.output)")
    try write("")
    #expect(try await signups.run([], settings.merging(["FRAUD_MODE": "recheck"]) { $1 }).count("cleared") == 3)
    #expect(try await signups.place.value(domains) == "table.org")
  }

  @Test func `only entries of chosen campaigns are checked, and each choice has read so far by itself`() async throws {
    let signups = try await Signups()
    try await signups.add(
      "id, campaign_id, email, created_at",
      "select g, g % 3, 'x', timestamptz '2025-11-07' from generate_series(1, 9) g")
    #expect(try await signups.run([], ["FRAUD_CAMPAIGN": "1, 2,1"]).count("held") == 6)
    #expect(try await signups.run([], ["FRAUD_CAMPAIGN": "1"]).count("entries") == 0)
    #expect(try await signups.run(["--plan"]).count("entries") == 3)
    #expect(try await signups.run().count("held") == 3)
    for wrong in [",", "1;2", "one"] {
      #expect(try await signups.run([], ["FRAUD_CAMPAIGN": wrong]).exitCode == 78, "\(wrong)")
    }
  }

  @Test func `a network of IPv6 is as long as the setting says`() async throws {
    let signups = try await Signups(["FRAUD_IPV6_PREFIX": "48", "FRAUD_PER_NETWORK": "2"])
    try await signups.add(
      "id, email, ip, created_at",
      "select g, 'user' || g || '@mail.org', ('2001:db8:1:' || g || '::1')::inet, timestamptz '2025-11-07' from generate_series(1, 3) g"
    )
    #expect(try await signups.run().result["details", "by_check", "duplicate_ip"].int == 3)
    #expect(try await signups.run([], ["FRAUD_IPV6_PREFIX": "64", "FRAUD_MODE": "recheck"]).exitCode == 0)
    #expect(try await signups.place.value("select count(*) from oneshot.fraud_signals") == "0")
  }

  @Test func `shards check what one run does, each its campaigns`() async throws {
    let signups = try await Signups()
    try await signups.add(
      "id, campaign_id, email, created_at",
      "select g, g % 7 - 3, 'x', timestamptz '2025-11-07' from generate_series(1, 70) g")
    var entries = 0
    for shard in 0..<3 {
      let run = try await signups.run([], ["JOB_SHARD_INDEX": "\(shard)", "JOB_SHARD_COUNT": "3"])
      #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
      entries += run.count("entries") ?? 0
    }
    #expect(entries == 70)
    #expect(try await signups.place.value("select count(*) from oneshot.fraud_reviews where state = 'held'") == "70")
  }
}
