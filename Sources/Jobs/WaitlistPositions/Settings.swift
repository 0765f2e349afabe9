import JobRuntime

extension WaitlistPositions {
  /// How a place follows from a priority.
  enum Places: String, CaseIterable, Sendable { case ranked, raw }
  /// Where places are stored.
  enum Target: String, CaseIterable, Sendable { case entries, placements }

  struct Settings: JobSettings {
    /// `nil` for all that are live.
    let campaigns: [Int64]?
    let points: Int
    let places: Places
    let target: Target
    let mostReferrals: Int?
    let move: Move
    let top: [Int]
    let isDown: Bool
    let every: Duration
    let keepsHistory: Bool

    init(from env: inout Environment) {
      campaigns = env.custom(
        "WAITLIST_CAMPAIGN", form: "numbers separated by commas", default: nil,
        help: "The campaigns to place; unset, all that are live.", selects: .work(as: "campaign"),
        written: { Selection.asSet($0.map(String.init)) }, parse: { Self.numbers($0, in: Int64.min...Int64.max) }
      ).map { Set($0).sorted() }
      points = env.int(
        "WAITLIST_POINTS", default: 1, in: 0...1_000_000,
        help: "Points for each referral, where the campaign's row has no points_per_referral.")
      places = env.choice(
        "WAITLIST_PLACES", default: Places.ranked,
        help: "ranked: places 1 to N without gaps; raw: the priority itself, at least 1, with duplicates.")
      target = env.choice(
        "WAITLIST_TARGET", default: Target.entries,
        help: "Where places are stored: waitlist_entries.position or oneshot.waitlist_placements.position.")
      mostReferrals = env.custom(
        "WAITLIST_MAX_REFERRALS", form: "0…1000000000", default: nil,
        help: "The most referrals of an entry that count."
      ) { text in Self.number(text, in: 0...1_000_000_000).map { .success($0) } ?? Self.wrong(text) }
      move =
        env.custom(
          "WAITLIST_NOTIFY_MOVE", form: "places, share or both", default: Move.usual,
          help: "The smallest climb that sends an event: places, or a share of the old place, whichever is less.",
          parse: Move.parse) ?? Move(places: 10, percent: 5)
      top =
        env.custom(
          "WAITLIST_NOTIFY_TOP", form: "places separated by commas, or none", default: "100,10,1",
          help: "Places whose crossing sends an event however small the climb is."
        ) { $0 == "none" ? .success([]) : Self.numbers($0, in: 1...1_000_000_000) } ?? [100, 10, 1]
      isDown = env.bool("WAITLIST_NOTIFY_DOWN", default: false, help: "Send events about falls, too.")
      every = env.duration(
        "WAITLIST_NOTIFY_EVERY", default: .days(1),
        help: "At most one event for each entry in this time; moves in between add up.")
      keepsHistory = env.bool(
        "WAITLIST_HISTORY", default: false, help: "Keep each change of a place in oneshot.waitlist_position_history.")
    }

    /// As `oneshot.waitlist_place` takes them.
    var rules: JSON {
      [
        "points": .integer(Int64(points)), "places": .string(places.rawValue), "target": .string(target.rawValue),
        "most": mostReferrals.map { .integer(Int64($0)) } ?? .null,
        "climb": move.places.map { .integer(Int64($0)) } ?? .null,
        "percent": move.percent.map { .double($0) } ?? .null,
        "top": .array(Set(top).sorted().map { .integer(Int64($0)) }), "down": .bool(isDown),
        "every": .double(Double(every.inMilliseconds) / 1000), "history": .bool(keepsHistory),
      ]
    }

    // MARK: Forms

    private static func number<Number: FixedWidthInteger>(_ text: String, in range: ClosedRange<Number>) -> Number? {
      Number(text).flatMap { range.contains($0) ? $0 : nil }
    }

    private static func numbers<Number: FixedWidthInteger>(
      _ text: String, in range: ClosedRange<Number>
    ) -> Environment.Parsed<[Number]> {
      let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { String($0.filter { $0 != " " }) }
      let numbers = parts.compactMap { number($0, in: range) }
      return numbers.count == parts.count
        ? .success(numbers) : .failure("is «\(text)», not whole numbers from \(range.lowerBound) separated by commas")
    }

    private static func wrong(_ text: String) -> Environment.Parsed<Int> {
      .failure("is «\(text)», not a whole number from 0 to 1000000000")
    }
  }

  /// The smallest move that is worth an event.
  struct Move: Sendable, Equatable {
    static let usual = "10,5%"

    var places: Int?
    /// Of the old place.
    var percent: Double?

    /// Reads `10`, `5%`, `10,5%`.
    static func parse(_ text: String) -> Environment.Parsed<Move> {
      var move = Move()
      for part in text.split(separator: ",", omittingEmptySubsequences: false).map({ String($0.filter { $0 != " " }) })
      {
        if part.hasSuffix("%"), move.percent == nil, part.first?.isNumber == true,
          let percent = Double(part.dropLast()),
          (0...100).contains(percent)
        {
          move.percent = percent
        } else if move.places == nil, let places = Int(part), (1...1_000_000_000).contains(places) {
          move.places = places
        } else {
          return .failure("is «\(text)», not places (10), a share of the old place (5%), or both (10,5%)")
        }
      }
      return .success(move)
    }
  }
}
