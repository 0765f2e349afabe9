import Foundation
import JobRuntime
import TestSupport
import Testing

/// When digests are due, against a model that knows only how far a zone is from UTC at a moment.
@Suite(.timeLimit(.minutes(30))) struct DueTests {
  private struct Wall {
    var zone: TimeZone

    private func offset(_ seconds: Int) -> Int {
      zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(seconds)))
    }

    func day(at moment: Int) -> Int { Int((Double(moment + offset(moment)) / 86_400).rounded(.down)) }

    /// A time that does not exist is read with the offset from before; of two it is the second.
    func moment(of time: Int) -> Int {
      let (before, after) = (offset(time - 86_400), offset(time + 86_400))
      let (first, second) = (time - before, time - after)
      return offset(second) == after ? second : offset(first) == before ? first : time - before
    }

    /// The due times of all days that are there, at a second of the day.
    func due(from start: Int, to end: Int, at second: Int) -> [Int] {
      let days = Set(stride(from: start - 86_400, through: end, by: 900).map(day))
      return days.map { moment(of: $0 * 86_400 + second) }.filter { start < $0 && $0 <= end }.sorted()
    }
  }

  private func seconds(_ text: String) throws -> Int {
    Int(try #require(Timestamp(rfc3339: text)).microseconds / 1_000_000)
  }

  /// Their rules have changed lately, so that Foundation and Postgres may have other ones.
  private static let unsettled: Set<String> = [
    "America/Asuncion", "America/Coyhaique", "America/Nuuk", "America/Godthab", "America/Scoresbysund", "Asia/Almaty",
    "Asia/Qostanay", "Asia/Gaza", "Asia/Hebron", "Africa/Casablanca", "Africa/El_Aaiun", "Africa/Cairo", "Asia/Amman",
    "Asia/Damascus", "Antarctica/Vostok", "Antarctica/Casey",
  ]

  @Test(arguments: ["2025-03-08", "2025-03-29", "2025-04-05", "2025-10-04", "2025-10-25", "2025-11-01", "2011-12-29"])
  func `in all zones each local day has one due time, at the hour, by every quarter of an hour`(start: String)
    async throws
  {
    let digests = try await Digests()
    let names = try await digests.place.rows(
      "select name as a from pg_timezone_names where name ~ '^[A-Z][A-Za-z_]+/[A-Za-z_/-]+$' and name !~ '^Etc'")
    let zones = names.map { $0[0] }.filter { !Self.unsettled.contains($0) && TimeZone(identifier: $0) != nil }
    #expect(zones.count > 300)
    let list = zones.map { "'\($0)'" }.joined(separator: ",")
    let (from, to) = (try seconds("\(start)T00:00:00Z"), try seconds("\(start)T00:00:00Z") + 3 * 86_400)
    for clock in ["00:00", "02:30", "09:00"] {
      let found = try await digests.place.rows(
        """
        select zone as a, string_agg(distinct due::text, ' ' order by due::text) as b
        from unnest(array[\(list)]) as zone
        cross join generate_series(\(from + 900), \(to), 900) as moment
        cross join lateral (select extract(epoch from oneshot.digest_due(to_timestamp(moment), zone, '\(clock)'))::bigint as due) as d
        where due <= moment and due > \(from) group by zone
        """)
      let second = (Int(clock.prefix(2)) ?? 0) * 3600 + (Int(clock.suffix(2)) ?? 0) * 60
      for row in found {
        let wall = Wall(zone: try #require(TimeZone(identifier: row[0])))
        #expect(
          row[1].split(separator: " ").map(String.init) == wall.due(from: from, to: to, at: second).map(String.init),
          "\(row[0]) \(clock)")
      }
      #expect(found.count == zones.count)
    }
  }

  @Test func `runs that are left out, doubled, late and in any order make one digest for each local day`() async throws
  {
    let digests = try await Digests()
    let zones = [
      "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Auckland",
      "America/Havana", "Pacific/Apia", "UTC", "America/St_Johns",
    ]
    let values = zones.enumerated().map { "(\($0.offset + 1), 'u\($0.offset)@example.org', '\($0.element)')" }
    try await digests.place.execute("insert into users (id, email, timezone) values \(values.joined(separator: ", "))")
    let seed = UInt64.random(in: 1...999_999)
    var random = SeededGenerator(seed)
    let (from, to) = (try seconds("2025-11-01T12:00:00Z"), try seconds("2025-11-03T12:00:00Z"))
    // Half of them are left out; neighbours change places, and some come twice.
    var slots = stride(from: from + 900, through: to, by: 900).filter { _ in Bool.random(using: &random) }
    slots.append(to)
    for place in slots.indices.dropLast() where Bool.random(using: &random) { slots.swapAt(place, place + 1) }
    var id = 0
    for slot in slots {
      // Every user has an item of the hour before, whatever the due time.
      try await digests.place.execute(
        """
        insert into notifications (id, user_id, title, created_at) select \(id) + id, id, 't', to_timestamp(\(from - 3600)) from users;
        insert into oneshot.digest_items select id::text, 'daily', (\(id) + id)::text, to_timestamp(\(from - 3600)) from users
        """)
      id += zones.count
      for _ in 0...(Int.random(in: 0..<8, using: &random) == 0 ? 1 : 0) {
        let run = try await digests.run(at: Timestamp(seconds: Int64(slot)).rfc3339)
        #expect(run.exitCode == 0, "\(run.output)")
      }
    }
    #expect(try await digests.mistakes() == [])
    for (place, zone) in zones.enumerated() {
      let made = try await digests.place.rows(
        "select extract(epoch from due_at)::bigint::text as a from oneshot.digests where user_id = '\(place + 1)' and due_at > to_timestamp(\(from)) order by due_at"
      )
      let model = Wall(zone: try #require(TimeZone(identifier: zone))).due(from: from, to: to, at: 9 * 3600)
      #expect(made.map { $0[0] } == model.map(String.init), "\(zone), seed \(seed)")
    }
  }

  @Test func `a user who moves from Auckland to Los Angeles gets the next digest half a period later at the soonest`()
    async throws
  {
    let digests = try await Digests()
    try await digests.addUsers(1...1)
    try await digests.place.execute("update users set timezone = 'Pacific/Auckland'")
    try await digests.add(1...1, at: "2025-11-06T00:00:00Z")
    #expect(try await digests.run(at: "2025-11-07T20:00:00Z").count("made") == 1)
    try await digests.place.execute("update users set timezone = 'America/Los_Angeles'")
    try await digests.add(2...2, at: "2025-11-07T20:30:00Z")
    #expect(try await digests.run(at: "2025-11-08T17:00:00Z").count("made") == 1)
    #expect(try await digests.made() == ["1 11-07 20:00 1", "1 11-08 17:00 1"])
  }
}
