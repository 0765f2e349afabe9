import TestSupport
import Testing

/// Random sign-ups against a model, in pages and orders of all kinds.
@Suite(.timeLimit(.minutes(20))) struct ModelTests {
  /// A day on which clocks change in Havana: a day of the calendar there has 25 hours.
  private static let start = "2025-11-01T12:00:00Z"

  private func signups(_ more: [String: String] = [:]) async throws -> Signups {
    let signups = try await Signups(Model.settings.merging(more) { $1 })
    try await signups.place.execute(
      """
      alter table waitlist_entries alter ip type text, add written_by xid8 default pg_current_xact_id();
      insert into oneshot.fraud_domains (domain, kind) values ('trash.org', 'disposable'), ('dots.org', 'dots')
      """)
    return signups
  }

  private func entries(_ random: inout SeededGenerator) -> [Model.Entry] {
    (1...120).map { Model.Entry($0, &random) }
  }

  private func insert(_ entries: [Model.Entry]) -> String {
    "insert into waitlist_entries values \(entries.map { $0.row(since: Self.start) }.joined(separator: ", "));"
  }

  /// What is kept, as the model says it.
  private func findings(_ signups: Signups) async throws -> [String] {
    try await signups.place.rows(
      """
      select entry_id || ' ' || check_name || ' ' || points as a from oneshot.fraud_signals
      union all select entry_id || ' ' || state || ' ' || score from oneshot.fraud_reviews where score > 0
      """
    ).map { $0[0] }.sorted()
  }

  /// Checks some entries as event-drain's handler does, in a session of another time zone.
  private func check(_ entries: [Model.Entry], in signups: Signups) async throws {
    let ids = entries.map { "\($0.id)" }.joined(separator: ",")
    try await signups.place.execute(
      """
      begin; set local timezone = 'America/Havana';
      select oneshot.fraud_check('{\(ids)}', rules, '\(Signups.now)') from oneshot.fraud_rules;
      commit
      """)
  }

  @Test func `there is something for each check to find, and to weigh`() {
    let findings = (1...6 as ClosedRange<UInt64>).flatMap { seed -> [String] in
      var random = SeededGenerator(seed)
      return Model(entries: entries(&random)).findings
    }
    let words = Set(findings.map { $0.drop { $0 != " " } })
    for points in [
      "self_referral 40", "self_referral 70", "self_referral 80", "self_referral 95", "velocity 40", "velocity 60",
      "disposable_email 60", "disposable_email 30", "bot 95", "duplicate_ip 15", "duplicate_ip 40",
      "duplicate_device 50",
      "duplicate_device 70",
    ] { #expect(words.contains(" \(points)"), "\(points)") }
  }

  @Test(arguments: 1...6)
  func `what is found is what the model finds, in one page and in pages of any size`(seed: UInt64) async throws {
    var random = SeededGenerator(seed)
    let entries = entries(&random)
    let expected = Model(entries: entries).findings
    for page in [10_000, Int.random(in: 1...30, using: &random)] {
      let signups = try await signups(["FRAUD_BATCH": "\(page)"])
      try await signups.place.execute(insert(entries))
      let run = try await signups.run()
      #expect(run.exitCode == 0 && run.count("entries") == entries.count, "\(run.output)\(run.errors)")
      #expect(try await findings(signups) == expected, "pages of \(page)")
      let verified = try await signups.run([], ["FRAUD_MODE": "verify"])
      #expect(verified.exitCode == 0 && verified.count("differences") == 0, "\(verified.output)\(verified.errors)")
    }
  }

  @Test(arguments: 11...14)
  func `entries that come one after the other, by the job or a handler, come to the same`(seed: UInt64) async throws {
    var random = SeededGenerator(seed)
    let entries = entries(&random)
    let signups = try await signups(["FRAUD_BATCH": "5"])
    #expect(try await signups.run().exitCode == 0)
    var rest = entries.shuffled(using: &random)
    while !rest.isEmpty {
      let some = Array(rest.prefix(Int.random(in: 1...15, using: &random)))
      rest.removeFirst(some.count)
      try await signups.place.execute(insert(some))
      if Int.random(in: 0..<4, using: &random) == 0 {
        #expect(try await signups.run().exitCode == 0)
      } else {
        try await check(some, in: signups)
      }
    }
    let expected = Model(entries: entries).findings
    #expect(try await findings(signups) == expected)
    #expect(try await signups.run().exitCode == 0)
    #expect(try await findings(signups) == expected)
  }

  @Test(arguments: 21...24)
  func `entries that change and are checked once more come to what a first run finds`(seed: UInt64) async throws {
    var random = SeededGenerator(seed)
    var entries = entries(&random)
    let signups = try await signups()
    try await signups.place.execute(insert(entries))
    #expect(try await signups.run().exitCode == 0)
    for round in 1...6 {
      let changed = (1...15).map { _ in Int.random(in: 1...120, using: &random) }
      for id in Set(changed) { entries[id - 1] = Model.Entry(id, &random) }
      let some = Set(changed).sorted().map { entries[$0 - 1] }
      try await signups.place.execute(
        "delete from waitlist_entries where id in (\(some.map { "\($0.id)" }.joined(separator: ","))); \(insert(some))")
      if round == 6 {
        #expect(try await signups.run([], ["FRAUD_MODE": "recheck", "FRAUD_BATCH": "7"]).exitCode == 0)
      } else {
        try await check(some, in: signups)
      }
      #expect(try await findings(signups) == Model(entries: entries).findings, "round \(round)")
    }
  }
}
