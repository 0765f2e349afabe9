import TestSupport
import Testing

/// What the checks find, on the built binary.
@Suite(.timeLimit(.minutes(10))) struct CheckTests {
  @Test func `five hundred of one campus without a common referrer are held back by nothing`() async throws {
    let signups = try await Signups()
    try await signups.add(
      "id, email, ip, created_at",
      "select g, 'student' || g || '@uni.org', '192.0.2.1', timestamptz '\(Signups.now)' - g * interval '1 minute' from generate_series(1, 500) g"
    )
    let run = try await signups.run()
    #expect(run.exitCode == 0 && run.count("entries") == 500 && run.count("clear") == 500, "\(run.output)\(run.errors)")
    #expect(run.count("held") == 0 && run.count("suspect") == 0)
    #expect(
      try await signups.place.value("select count(*) || ' ' || max(points) from oneshot.fraud_signals") == "500 15")
    #expect(try await signups.events() == [])
  }

  @Test func `twenty addresses of one IPv6 network with one referrer are held`() async throws {
    let signups = try await Signups()
    try await signups.add(
      "id, email, ip, referred_by, created_at",
      """
      select g, 'user' || g || '@mail.org', ('2001:db8:1:2::' || to_hex(g * 77))::inet, case when g > 1 then 1 end,
        timestamptz '2025-11-08T01:00:00Z' + g * interval '20 seconds' from generate_series(1, 21) g
      """)
    let run = try await signups.run()
    #expect(run.exitCode == 0 && run.count("held") == 20 && run.count("suspect") == 1, "\(run.output)\(run.errors)")
    // Bursts of 60, one network with one referrer of 40, and the referrer's own network of 40.
    #expect(try await signups.states() == ["1 suspect 66"] + (2...21).map { "\($0) held 85" })
    #expect(try await signups.events().filter { $0.hasPrefix("fraud.held") }.count == 20)
  }

  @Test func `an address with dots and a tag is one mailbox at Gmail, and another one elsewhere`() async throws {
    let signups = try await Signups()
    try await signups.add(
      "id, email, referred_by, created_at",
      """
      values (1, 'ab@gmail.com', null::bigint, timestamptz '2025-11-07'), (2, 'A.B+x@GoogleMail.com', 1, '2025-11-07 01:00'),
        (3, 'a.b@googlemail.com', 1, '2025-11-07 02:00'), (4, 'ab@x.org', null, '2025-11-07 03:00'), (5, 'a.b@x.org', 4, '2025-11-07 04:00'),
        (6, '"x@y"@x.org', null, '2025-11-07 05:00'), (7, '+tag@x.org', 6, '2025-11-07 06:00')
      """)
    let run = try await signups.run()
    #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
    #expect(try await signups.states() == ["2 suspect 70", "3 held 95"])
  }

  @Test func `a device is compared with earlier entries, and one of more than fifty proves nothing`() async throws {
    let signups = try await Signups()
    try await signups.add(
      "id, email, device_fingerprint, referred_by, created_at",
      """
      select g, 'user' || g || '@mail.org', 'one', case when g = 3 then 1 when g = 4 then 1 end,
        timestamptz '2025-11-07' + g * interval '1 hour' from generate_series(1, 4) g
      """)
    #expect(try await signups.run().exitCode == 0)
    // 3: the referrer's device as well. 4: that, and another mailbox of the same referrer.
    #expect(try await signups.states() == ["2 suspect 50", "3 held 90", "4 held 94"])
    try await signups.add(
      "id, email, device_fingerprint, created_at",
      "select g, 'user' || g || '@mail.org', 'one', timestamptz '2025-11-07 12:00' from generate_series(5, 51) g")
    let run = try await signups.run()
    #expect(run.count("cleared") == 3, "\(run.output)")
    #expect(try await signups.states().allSatisfy { $0.hasSuffix("clear 0") })
    #expect(try await signups.events().suffix(3) == ["fraud.cleared 2", "fraud.cleared 3", "fraud.cleared 4"])
  }

  @Test func `rows that speak for themselves weigh by what they say, and half once they are verified`() async throws {
    let signups = try await Signups()
    try await signups.place.execute(
      "insert into oneshot.fraud_domains (domain, kind) values ('trash.org', 'disposable'), ('dots.org', 'dots')")
    try await signups.add(
      "id, email, user_agent, form_ms, honeypot, created_at",
      """
      values (1, 'a@mail.trash.org', 'Mozilla/5.0', 5000, '', timestamptz '2025-11-07'), (2, 'a@localhost', 'Mozilla/5.0', null, null, '2025-11-07'),
        (3, 'nonsense', 'Mozilla/5.0', null, null, '2025-11-07'), (4, 'a@b.org', null, null, null, '2025-11-07'),
        (5, 'b@b.org', 'curl/8.5', 1999, null, '2025-11-07'), (6, 'c@b.org', 'CUBOT NOTE', 2000, 'x', '2025-11-07'),
        (7, repeat('x', 10000) || '@b.org', 'Mozilla/5.0', null, null, '2025-11-07'), (8, null, 'Mozilla/5.0', null, null, '2025-11-07')
      """)
    let run = try await signups.run()
    #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
    #expect(
      try await signups.states() == [
        "1 suspect 60", "2 held 90", "3 held 90", "4 suspect 50", "5 suspect 50", "6 held 95", "7 held 90", "8 held 90",
      ])
    #expect(run.result["details", "by_check", "disposable_email"].int == 5, "\(run.output)")
    try await signups.place.execute("update waitlist_entries set verified_at = '2025-11-08' where id < 3")
    let next = try await signups.run()
    #expect(next.count("entries") == 2 && next.count("cleared") == 2, "\(next.output)")
    #expect(try await signups.states().prefix(2) == ["1 clear 30", "2 clear 45"])
  }

  @Test func `two weak signals add up, and points can be set`() async throws {
    let signups = try await Signups(["FRAUD_POINTS": "bot=40,disposable_email.listed=40,bot.form=0"])
    try await signups.place.execute(
      "insert into oneshot.fraud_domains (domain, kind) values ('trash.org', 'disposable')")
    try await signups.add(
      "id, email, user_agent, form_ms, created_at",
      "values (1, 'a@trash.org', '', 5000, timestamptz '2025-11-07'), (2, 'a@b.org', 'Mozilla/5.0', 1, '2025-11-07')")
    #expect(try await signups.run().exitCode == 0)
    #expect(try await signups.states() == ["1 suspect 64"])
  }

  @Test func `addresses of private networks are the application's proxy, which a warning says`() async throws {
    let signups = try await Signups()
    try await signups.add(
      "id, email, ip, referred_by, created_at",
      """
      select g, 'user' || g || '@mail.org', '10.0.0.7', case when g > 1 then 1 end, timestamptz '2025-11-07' + g * interval '1 hour'
      from generate_series(1, 9) g
      """)
    let run = try await signups.run()
    #expect(
      run.exitCode == 0 && run.count("proxied") == 9 && run.errors.contains("proxied"), "\(run.output)\(run.errors)")
    #expect(try await signups.findings() == [])
  }

  @Test func `an address that is none is counted, and known networks prove nothing`() async throws {
    let signups = try await Signups()
    try await signups.place.execute(
      """
      alter table waitlist_entries alter ip type text;
      insert into oneshot.fraud_networks values ('192.0.2.0/24', 'the office')
      """)
    try await signups.add(
      "id, email, ip, created_at",
      """
      select g, 'user' || g || '@mail.org', case when g > 10 then 'unknown' else '::ffff:192.0.2.7' end, timestamptz '2025-11-07'
      from generate_series(1, 20) g
      """)
    let run = try await signups.run()
    #expect(run.exitCode == 0 && run.count("unreadable") == 10, "\(run.output)\(run.errors)")
    #expect(try await signups.findings() == [])
  }

  @Test func `columns that are missing turn checks off, and a check says so`() async throws {
    let signups = try await Signups()
    try await signups.place.execute(
      "alter table waitlist_entries drop ip, drop device_fingerprint, drop user_agent, drop form_ms, drop honeypot, drop verified_at"
    )
    try await signups.add(
      "id, email, created_at", "values (1, 'a@b.org', timestamptz '2025-11-07'), (2, 'x', '2025-11-07')")
    let run = try await signups.run()
    #expect(run.exitCode == 0 && run.count("entries") == 2, "\(run.output)\(run.errors)")
    #expect(run.output.contains("\"skipped_columns\":[\"ip\",\"device_fingerprint\",\"user_agent\""), "\(run.output)")
    #expect(try await signups.states() == ["2 held 90"])
    let check = try await signups.run(["--check"])
    #expect(check.exitCode == 0 && check.output.contains("no column ip: duplicate_ip is off"), "\(check.output)")
  }
}
