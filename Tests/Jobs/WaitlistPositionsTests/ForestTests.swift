import TestSupport
import Testing

/// Random forests of referrals, with circles and all other nonsense in some, against a model that counts by hand.
@Suite(.timeLimit(.minutes(20))) struct ForestTests {
  private struct Entry {
    var id: Int
    var referrer: Int?
    var original: Int?
    var isVerified: Bool
    var isHere: Bool
    var isHeld: Bool

    /// Those without an original position are last.
    var age: (Int, Int) { (original ?? .max, id) }
  }

  @Test(arguments: 1...12)
  func `places, reasons and odd referrals are those of the model, whatever changes`(seed: UInt64) async throws {
    var random = SeededGenerator(seed)
    let (points, most) = (Int.random(in: 0...4, using: &random), Bool.random(using: &random) ? 2 : nil)
    var settings = ["WAITLIST_POINTS": "\(points)"]
    if let most { settings["WAITLIST_MAX_REFERRALS"] = "\(most)" }
    let waitlist = try await Waitlist(settings)
    let count = [1, 3, 20, 100][Int(seed % 4)]
    let isWild = seed % 3 == 0
    var entries = (1...count).map { id in
      Entry(
        id: id, referrer: id > 1 && Bool.random(using: &random) ? Int.random(in: 1..<id, using: &random) : nil,
        original: id, isVerified: Bool.random(using: &random), isHere: true, isHeld: false)
    }
    for round in 1...4 {
      for index in entries.indices where round > 1 || isWild {
        switch Int.random(in: 0..<12, using: &random) {
        case 0: entries[index].isVerified.toggle()
        case 1: entries[index].isHere.toggle()
        case 2: entries[index].isHeld.toggle()
        case 3 where isWild: entries[index].referrer = Int.random(in: 1...count + 1, using: &random)
        case 4 where isWild: entries[index].original = Int.random(in: 1...count, using: &random)
        case 5 where isWild: entries[index].original = nil
        default: break
        }
      }
      try await store(entries, in: waitlist)
      let run = try await waitlist.run(day: 7 + round)
      let odd = odd(entries)
      #expect(run.exitCode == 0 || run.exitCode == 65 && !odd.isEmpty, "\(run.output)\(run.errors)")
      #expect(run.count("odd_referrals") == odd.count, "\(run.output)\(run.errors)")
      let referrals = referrals(entries, odd).mapValues { min($0, most ?? .max) }
      #expect(try await waitlist.order() == order(entries, referrals, points), "seed \(seed), round \(round)")
      let counted = try await waitlist.place.rows(
        "select entry_id as a, referrals as b from oneshot.waitlist_placements where referrals > 0 order by entry_id")
      let expected = entries.filter { $0.isHere && referrals[$0.id, default: 0] > 0 }
      #expect(
        counted == expected.map { ["\($0.id)", "\(referrals[$0.id, default: 0])"] }, "seed \(seed), round \(round)")
    }
  }

  private func store(_ entries: [Entry], in waitlist: Waitlist) async throws {
    let rows = entries.map { entry in
      let (referrer, original) = (entry.referrer.map(String.init), entry.original.map(String.init))
      return "(\(entry.id), 1, \(referrer ?? "null"), \(original ?? "null"), "
        + "\(entry.isVerified ? "timestamptz '2025-11-01'" : "null"), \(entry.isHere ? "null" : "'withdrawn'"))"
    }
    let held = entries.filter(\.isHeld).map {
      "insert into oneshot.fraud_reviews values (\($0.id), 90, 'held', now());"
    }
    try await waitlist.place.execute(
      """
      insert into waitlist_entries (id, campaign_id, referred_by, original_position, verified_at, status)
      values \(rows.joined(separator: ", "))
      on conflict (id) do update set referred_by = excluded.referred_by, original_position = excluded.original_position,
        verified_at = excluded.verified_at, status = excluded.status;
      delete from oneshot.fraud_reviews; \(held.joined())
      """)
  }

  // MARK: The model

  private func odd(_ entries: [Entry]) -> Set<Int> {
    let known = Dictionary(uniqueKeysWithValues: entries.map { ($0.id, $0) })
    let odd = entries.filter { entry in
      guard entry.isHere, let referrer = entry.referrer else { return false }
      guard let other = known[referrer], other.age < entry.age else { return true }
      var (next, steps) = (Optional(other), 0)
      while let here = next, here.id != entry.id, steps <= entries.count {
        (next, steps) = (here.isHere ? here.referrer.flatMap { known[$0] } : nil, steps + 1)
      }
      return next?.id == entry.id
    }
    return Set(odd.map(\.id))
  }

  private func referrals(_ entries: [Entry], _ odd: Set<Int>) -> [Int: Int] {
    let counting = entries.filter { $0.isHere && $0.isVerified && !$0.isHeld && !odd.contains($0.id) }
    return Dictionary(counting.compactMap(\.referrer).map { ($0, 1) }, uniquingKeysWith: +)
  }

  private func order(_ entries: [Entry], _ referrals: [Int: Int], _ points: Int) -> [String] {
    func priority(_ entry: Entry) -> Int {
      entry.original.map { $0 - referrals[entry.id, default: 0] * points } ?? .max
    }
    return entries.filter(\.isHere).sorted { (priority($0), $0.age.0, $0.id) < (priority($1), $1.age.0, $1.id) }
      .map { "\($0.id)" }
  }
}
