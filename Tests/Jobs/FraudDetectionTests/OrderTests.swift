import TestSupport
import Testing

/// The order in which entries come, and how many come at once, change nothing.
@Suite(.timeLimit(.minutes(20))) struct OrderTests {
  /// A small crowd that has much in common, so that every check finds something, in an order of its own.
  private static func entries(_ seed: UInt64) -> [String] {
    var random = SeededGenerator(seed)
    return (1...60).map { id in
      let referrer = Int.random(in: 0...3, using: &random)
      let network =
        ["'192.0.2.\(Int.random(in: 1...3, using: &random))'", "'2001:db8::\(id)'", "null"].randomElement(
          using: &random) ?? ""
      let device =
        ["'d\(Int.random(in: 1...9, using: &random))'", "'common'", "null"].randomElement(using: &random) ?? ""
      let mail =
        ["'m\(Int.random(in: 1...9, using: &random))+\(id)@gmail.com'", "'u\(id)@mail.org'", "'x'"].randomElement(
          using: &random) ?? ""
      let second = Int.random(in: 0...5000, using: &random)
      return """
        (\(id), \(mail), \(referrer == 0 ? "null" : "\(referrer * 10)"), \(network), \(device), \
        timestamptz '2025-11-07' + \(second) * interval '1 second')
        """
    }
  }

  private static let columns = "id, email, referred_by, ip, device_fingerprint, created_at"

  @Test(arguments: [1, 2, 3] as [UInt64])
  func `all at once, in pages of seven and one after the other in another order come to the same`(seed: UInt64)
    async throws
  {
    let settings = ["FRAUD_VELOCITY": "4/10m", "FRAUD_PER_NETWORK": "3"]
    let entries = Self.entries(seed)
    let once = try await Signups(settings)
    try await once.add(Self.columns, "values \(entries.joined(separator: ", "))")
    #expect(try await once.run().exitCode == 0)
    let findings = try await once.findings()
    for check in ["self_referral", "velocity", "duplicate_ip", "duplicate_device", "disposable_email"] {
      #expect(findings.contains { $0.contains(check) }, "\(check)")
    }
    let pages = try await Signups(settings)
    try await pages.add(Self.columns, "values \(entries.joined(separator: ", "))")
    #expect(try await pages.run([], ["FRAUD_BATCH": "7"]).exitCode == 0)
    #expect(try await pages.findings() == findings)
    let one = try await Signups(settings)
    #expect(try await one.run().exitCode == 0)
    var random = SeededGenerator(seed + 100)
    for entry in entries.shuffled(using: &random) {
      let id = entry.prefix { $0 != "," }.dropFirst()
      try await one.add(Self.columns, "values \(entry)")
      try await one.place.execute(
        """
        select oneshot.fraud_check(array[\(id)]::bigint[], rules, '\(Signups.now)') from oneshot.fraud_rules
        """)
    }
    #expect(try await one.findings() == findings)
    // What the handler of one entry has checked, the job looks at once more, and finds the same.
    let again = try await one.run()
    #expect(again.count("entries") == entries.count, "\(again.output)")
    #expect(try await one.findings() == findings)
    #expect(try await one.run().count("entries") == 0)
    let verified = try await one.run([], ["FRAUD_MODE": "verify"])
    #expect(verified.exitCode == 0 && verified.count("differences") == 0, "\(verified.output)\(verified.errors)")
    #expect(try await one.run([], ["FRAUD_MODE": "recheck", "FRAUD_BATCH": "11"]).exitCode == 0)
    #expect(try await one.findings() == findings)
  }

  @Test func `a verification names what is not what the checks find, and writes nothing`() async throws {
    let signups = try await Signups()
    try await signups.add("id, email, created_at", "values (1, 'x', timestamptz '2025-11-07'), (2, 'y', '2025-11-07')")
    #expect(try await signups.run().exitCode == 0)
    try await signups.place.execute("update oneshot.fraud_signals set points = 5 where entry_id = 1")
    let before = try await signups.findings()
    let run = try await signups.run([], ["FRAUD_MODE": "verify"])
    #expect(run.exitCode == 65 && run.count("differences") == 1, "\(run.output)\(run.errors)")
    #expect(try await signups.findings() == before)
  }
}
