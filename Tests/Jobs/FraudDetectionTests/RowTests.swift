import TestSupport
import Testing

/// What is read of a row, however it is written, and what else is in the row.
@Suite(.timeLimit(.minutes(10))) struct RowTests {
  @Test func `one address in six forms is one network, and two addresses that were mapped into IPv6 are two`()
    async throws
  {
    let signups = try await Signups()
    try await signups.place.execute("alter table waitlist_entries alter ip type text")
    try await signups.add(
      "id, email, ip, created_at",
      """
      select n, 'user' || n || '@mail.org', ip, timestamptz '2025-11-07'
      from unnest(array['192.0.2.7', ' 192.0.2.7', '192.0.2.7/32', '::ffff:192.0.2.7', '::FFFF:c000:207', '0:0:0:0:0:ffff:192.0.2.7'])
        with ordinality as a (ip, n)
      union all
      select n, 'user' || n || '@mail.org', '::ffff:c633:64' || to_hex(n), '2025-11-07' from generate_series(16, 40) n
      """)
    let run = try await signups.run()
    #expect(run.exitCode == 0 && run.count("unreadable") == 0, "\(run.output)\(run.errors)")
    #expect(
      try await signups.place.value(
        "select string_agg(entry_id::text, ' ' order by entry_id) from oneshot.fraud_signals")
        == "1 2 3 4 5 6")
  }

  @Test func `one mailbox may be written with a dot at its end and in capitals`() async throws {
    let signups = try await Signups()
    try await signups.add(
      "id, email, referred_by, created_at",
      """
      values (1, 'abi@gmail.com', null::bigint, timestamptz '2025-11-07'), (2, ' A.BI@GMAIL.COM. ', 1, '2025-11-07 01:00'),
        (3, 'a.b.i+@googlemail.com', 1, '2025-11-07 02:00'), (4, '+abi@gmail.com', 1, '2025-11-07 03:00')
      """)
    let run = try await signups.run()
    #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
    #expect(try await signups.states() == ["2 held 95", "3 suspect 70"])
  }

  @Test func `what else a row has, and what its columns are called, ends no run`() async throws {
    let signups = try await Signups()
    try await signups.place.execute(
      """
      alter table waitlist_entries add meta json default '{"a": "\\u0000"}', add entries integer default 3, add rules text,
        add moment date, add changed bigint[], add prefix integer
      """)
    try await signups.add("id, email, created_at", "values (1, 'x', timestamptz '2025-11-07')")
    let run = try await signups.run()
    #expect(run.exitCode == 0 && run.count("held") == 1, "\(run.output)\(run.errors)")
  }

  @Test func `an entry without a campaign is checked, and one from the end of time stops no other`() async throws {
    let signups = try await Signups()
    try await signups.place.execute("alter table waitlist_entries alter campaign_id drop not null")
    try await signups.add(
      "id, campaign_id, email, ip, referred_by, created_at",
      """
      values (1, null, 'x', null::inet, null::bigint, timestamptz '2025-11-07'), (2, 1, 'x', '192.0.2.1', 1, '294276-12-31'),
        (3, 1, 'x', '192.0.2.1', 1, 'infinity'), (4, 1, 'x', '192.0.2.1', 1, null)
      """)
    let run = try await signups.run()
    #expect(run.exitCode == 0 && run.count("held") == 4, "\(run.output)\(run.errors)")
    #expect(try await signups.run().count("entries") == 0)
  }

  @Test func `a form's time may be a text, whatever is in it`() async throws {
    let signups = try await Signups()
    try await signups.place.execute(
      "alter table waitlist_entries alter form_ms type text, alter honeypot type boolean using false")
    try await signups.add(
      "id, email, form_ms, honeypot, created_at",
      """
      select n, 'user' || n || '@mail.org', form, n = 5, timestamptz '2025-11-07'
      from unnest(array['1500', '1.5e3', '1e999999999', 'soon', '2000', repeat('9', 1000)]) with ordinality as a (form, n)
      """)
    let run = try await signups.run()
    #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
    #expect(try await signups.states() == ["1 suspect 50", "2 suspect 50", "5 held 95"])
  }
}
