import TestSupport

/// What fraud-detection should find of sign-ups, by comparing each with each.
struct Model {
  struct Entry {
    var id: Int
    var campaign: Int
    /// `name` without, `address` with its tag and whatever else is in it; `domain` as it is compared.
    var address: String
    var mailbox: (name: String, tag: String, domain: String)?
    var disposable: Int
    var referrer: Int?
    var ip: String?
    var network: String?
    var device: String?
    var bot: Int
    var isVerified: Bool
    var second: Int

    var order: (Int, Int) { (second, id) }
    var plainMailbox: String { mailbox.map { "\($0.name)@\($0.domain)" } ?? "" }
    var exactMailbox: String { mailbox.map { "\($0.name)\($0.tag)@\($0.domain)" } ?? "" }
  }

  static let (velocity, within, perNetwork, lookBack) = (4, 600, 3, 86_400)

  static let settings = [
    "FRAUD_VELOCITY": "\(velocity)/\(within)s", "FRAUD_PER_NETWORK": "\(perNetwork)", "FRAUD_LOOK_BACK": "\(lookBack)s",
  ]

  let entries: [Entry]

  /// `17 bot 50` for each signal, and `17 held 85` for each score above zero, in the order of these texts.
  var findings: [String] {
    entries.flatMap { entry in
      let signals = signals(of: entry).filter { $0.value > 0 }
      let rest = signals.values.reduce(1) { $0 * (100 - $1) }
      let whole = signals.reduce(1) { whole, _ in whole * 100 }
      let score = (100 * whole - 100 * rest) / whole
      guard !signals.isEmpty else { return [String]() }
      return signals.map { "\(entry.id) \($0.key) \($0.value)" }
        + ["\(entry.id) \(score >= 80 ? "held" : score >= 50 ? "suspect" : "clear") \(score)"]
    }.sorted()
  }

  private func signals(of entry: Entry) -> [String: Int] {
    [
      "self_referral": selfReferral(entry), "velocity": max(burst(of: entry.referrer, with: entry), ownBurst(entry)),
      "disposable_email": entry.disposable / (entry.isVerified ? 2 : 1), "bot": entry.bot,
      "duplicate_ip": duplicateNetwork(entry), "duplicate_device": duplicateDevice(entry),
    ]
  }

  private func selfReferral(_ entry: Entry) -> Int {
    guard let referrer = entries.first(where: { $0.id == entry.referrer }) else { return 0 }
    if referrer.id == entry.id || entry.mailbox != nil && entry.exactMailbox == referrer.exactMailbox { return 95 }
    if entry.device != nil, entry.device == referrer.device, sharers(of: entry).count <= 50 { return 80 }
    if entry.mailbox != nil, entry.plainMailbox == referrer.plainMailbox { return 70 }
    let isNear =
      entry.network != nil && entry.network == referrer.network && abs(entry.second - referrer.second) <= 3600
    return isNear ? 40 : 0
  }

  private func sharers(of entry: Entry) -> [Entry] {
    entries.filter { entry.device != nil && $0.device == entry.device && $0.campaign == entry.campaign }
  }

  private func duplicateDevice(_ entry: Entry) -> Int {
    let sharers = sharers(of: entry)
    guard sharers.count <= 50 else { return 0 }
    let earlier = sharers.filter { $0.order < entry.order && $0.second >= entry.second - Self.lookBack }
    let others = earlier.filter {
      $0.plainMailbox != entry.plainMailbox && $0.referrer != nil && $0.referrer == entry.referrer
    }
    return others.isEmpty ? (earlier.isEmpty ? 0 : 50) : 70
  }

  private func duplicateNetwork(_ entry: Entry) -> Int {
    let alike = entries.filter { entry.network != nil && $0.network == entry.network }
    func isCrowd(_ some: [Entry]) -> Bool {
      windows(of: some, more: Self.perNetwork, within: 86_400).contains { $0.contains { $0.id == entry.id } }
    }
    if entry.referrer != nil, isCrowd(alike.filter { $0.referrer == entry.referrer }) { return 40 }
    return isCrowd(alike.filter { $0.campaign == entry.campaign }) ? 15 : 0
  }

  private func burst(of referrer: Int?, with entry: Entry?) -> Int {
    guard let referrer else { return 0 }
    let bursts = windows(
      of: entries.filter { $0.referrer == referrer }, more: Self.velocity, within: Self.within
    ).filter { window in entry.map { entry in window.contains { $0.id == entry.id } } ?? true }
    let isFast = bursts.contains { window in
      2 * zip(window, window.dropFirst()).count { $1.second - $0.second <= 30 } > Self.velocity
    }
    return isFast ? 60 : bursts.isEmpty ? 0 : 40
  }

  private func ownBurst(_ entry: Entry) -> Int { burst(of: entry.id, with: nil) }

  private func windows(of some: [Entry], more: Int, within: Int) -> [[Entry]] {
    let sorted = some.sorted { $0.order < $1.order }
    return sorted.indices.dropLast(min(more, sorted.count)).map { Array(sorted[$0...($0 + more)]) }
      .filter { $0[more].second - $0[0].second <= within }
  }
}

extension Model.Entry {
  /// One that has much in common with others.
  init(_ id: Int, _ random: inout SeededGenerator) {
    self.id = id
    campaign = Int.random(in: 0..<4, using: &random) == 0 ? 2 : 1
    referrer = [nil, nil, 10, 20, 30, id, Int.random(in: 1...130, using: &random)].randomElement(using: &random) ?? nil
    second = [200, 5000, 200_000].randomElement(using: &random).map { Int.random(in: 0...$0, using: &random) } ?? 0
    device =
      ["d\(Int.random(in: 1...9, using: &random))", "common", "common", nil].randomElement(using: &random) ?? nil
    let n = Int.random(in: 1...9, using: &random)
    let places =
      [
        ("192.0.2.\(n % 3)", "v4 \(n % 3)"), ("::ffff:c000:20\(n % 3)", "v4 \(n % 3)"), ("2001:db8::\(id)", "v6"),
        ("2001:db8:0:\(id)::1", "v6 \(id)"), ("10.0.0.1", nil), ("nonsense", nil), nil,
      ].randomElement(using: &random) ?? nil
    (ip, network) = (places?.0, places?.1)
    let mails: [(String, (String, String, String)?, Int)] = [
      ("M.\(n)+\(id)@gmail.com", ("m\(n)", "+\(id)", "gmail.com"), 0),
      ("m\(n)@GoogleMail.com.", ("m\(n)", "", "gmail.com"), 0),
      ("a.\(n)@plain.org", ("a.\(n)", "", "plain.org"), 0), ("a\(n)+x@plain.org", ("a\(n)", "+x", "plain.org"), 0),
      ("u.\(n)@dots.org", ("u\(n)", "", "dots.org"), 0), ("u\(n)@mail.Trash.org", ("u\(n)", "", "mail.trash.org"), 60),
      ("u\(n)@localhost", ("u\(n)", "", "localhost"), 90), ("u\(n)", nil, 90), ("", nil, 90),
    ]
    let mail = mails.randomElement(using: &random) ?? mails[0]
    (address, disposable) = (mail.0, mail.2)
    mailbox = mail.1.map { (name: $0.0, tag: $0.1, domain: $0.2) }
    bot = [0, 0, 0, 50, 95].randomElement(using: &random) ?? 0
    isVerified = Bool.random(using: &random)
  }

  /// As a row: the columns of `Signups.table`, with `ip` a text.
  func row(since start: String) -> String {
    func text(_ value: String?) -> String { value.map { "'\($0)'" } ?? "null" }
    return """
      (\(id), \(campaign), \(text(address)), \(referrer.map(String.init) ?? "null"), \(text(ip)), \(text(device)), \
      '\(bot == 50 ? "curl/8.5" : "Mozilla/5.0")', null, \(bot == 95 ? "'filled'" : "null"), \
      \(isVerified ? "timestamptz '\(start)'" : "null"), timestamptz '\(start)' + \(second) * interval '1 second')
      """
  }
}
