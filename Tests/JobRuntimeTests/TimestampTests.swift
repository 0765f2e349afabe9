import JobRuntime
import Postgres
import TestSupport
import Testing

@Suite struct TimestampTests {
  @Test(arguments: [
    ("1970-01-01T00:00:00Z", 0), ("1970-01-01t00:00:01z", 1_000_000), ("1970-01-01 00:00:00Z", 0),
    ("1969-12-31T23:59:59.999999Z", -1), ("1970-01-01T01:00:00+01:00", 0), ("1969-12-31T18:30:00-05:30", 0),
    ("1970-01-01T00:00:00.5Z", 500_000), ("1970-01-01T00:00:00.000001Z", 1), ("1970-01-01T00:00:00.0000019Z", 1),
    ("1970-01-01T00:00:00.123456789012345678901234567890Z", 123_456), ("1970-01-01T00:00:00-00:00", 0),
    ("2025-11-01T02:00:00Z", 1_761_962_400_000_000), ("2024-02-29T12:00:00Z", 1_709_208_000_000_000),
    ("2016-12-31T23:59:60Z", 1_483_228_800_000_000), ("9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999),
    ("0001-01-01T00:00:00Z", -62_135_596_800_000_000), ("1970-01-02T00:00:00+23:59", 60_000_000),
  ])
  func `a moment is read from RFC 3339`(text: String, microseconds: Int64) {
    #expect(Timestamp(rfc3339: text)?.microseconds == microseconds)
  }

  @Test(arguments: [
    ("2025-11-01 02:00:00+00", "2025-11-01T02:00:00Z"), ("2025-11-01 02:00:00.5+00", "2025-11-01T02:00:00.500000Z"),
    ("2025-11-01 02:00:00+05:45", "2025-10-31T20:15:00Z"), ("2025-11-01 02:00:00-02:30", "2025-11-01T04:30:00Z"),
    ("1850-11-01 02:00:00+00:53:28", "1850-11-01T01:06:32Z"), ("1850-11-01 02:00:00-03:30:52", "1850-11-01T05:30:52Z"),
  ])
  func `a moment is read as Postgres writes it in any time zone`(text: String, moment: String) {
    #expect(Timestamp(postgresText: text)?.rfc3339 == moment)
  }

  @Test(arguments: [
    "", "2025-11-01", "2025-11-01T02:00:00", "2025-11-01T02:00Z", "2025-11-01T24:00:00Z", "2025-11-01T02:60:00Z",
    "2025-11-01T02:00:61Z", "2025-02-29T00:00:00Z", "2025-13-01T00:00:00Z", "2025-00-01T00:00:00Z",
    "2025-11-31T00:00:00Z", "0000-01-01T00:00:00Z", "2025-11-01T02:00:00.Z", "2025-11-01T02:00:00.5",
    "2025-11-01T02:00:00+1:00", "2025-11-01T02:00:00+0100", "2025-11-01T02:00:00+24:00", "2025-11-01T02:00:00+01:60",
    "2025-11-01T02:00:00ZZ", " 2025-11-01T02:00:00Z", "2025-11-01T02:00:00Z ", "2025-11-01T02:00:00Z\n",
    "2025-11-01T02:00:00+01:00x", "2025-11-01X02:00:00Z", "+025-11-01T02:00:00Z", "2025-11-01T-2:00:00Z",
    "2025-11-01T02:00:00٣Z", "２０２５-11-01T02:00:00Z", "2025-11-01T02:00:00,5Z", "now", "1761962400",
    "2025-11-01T02:00:00\u{301}Z", "2025-11-01\u{301}T02:00:00Z", "12025-11-01T02:00:00Z",
    "2025-11-01T02:00:00.1.2Z", "2025-11-01T02:00:00−01:00",
  ])
  func `what is no RFC 3339 is not read`(text: String) {
    #expect(Timestamp(rfc3339: text) == nil)
  }

  @Test(
    arguments: [
      (0, "1970-01-01T00:00:00Z"), (-1, "1969-12-31T23:59:59.999999Z"), (1, "1970-01-01T00:00:00.000001Z"),
      (500_000, "1970-01-01T00:00:00.500000Z"), (-1_000_000, "1969-12-31T23:59:59Z"),
    ] as [(Int64, String)])
  func `a moment is written in UTC with none or six digits of a fraction`(microseconds: Int64, text: String) {
    #expect(Timestamp(microseconds: microseconds).rfc3339 == text)
  }

  private static let least: Int64 = -62_135_596_800_000_000
  private static let most: Int64 = 253_402_300_799_999_999

  private static func random(_ count: Int) -> [Timestamp] {
    var generator = SeededGenerator(20_251_101)
    return (0..<count).map { number in
      let microseconds = Int64.random(in: least...most, using: &generator)
      // Half of them whole seconds, as schedules have them.
      return Timestamp(microseconds: number.isMultiple(of: 2) ? microseconds : microseconds / 1_000_000 * 1_000_000)
    } + [Timestamp(microseconds: least), Timestamp(microseconds: most), Timestamp(seconds: 0)]
  }

  @Test func `what is written is read as the same moment`() {
    for moment in Self.random(20_000) {
      #expect(Timestamp(rfc3339: moment.rfc3339) == moment)
    }
  }

  @Test func `Postgres reads and writes the same moments`() async throws {
    let place = try await Place(migrated: false)
    let moments = Self.random(5000)
    let rows = try await place.database.withSession { session in
      try session.query(
        """
        select t::timestamptz as moment, (extract(epoch from t::timestamptz) * 1000000)::bigint as microseconds
        from unnest(\(moments.map(\.rfc3339))::text[]) with ordinality as u (t, n) order by n
        """)
    }
    try #require(rows.count == moments.count)
    for (row, moment) in zip(rows, moments) {
      #expect(try row.value("microseconds", as: Int64.self) == moment.microseconds)
      #expect(try row.value("moment", as: Timestamp.self) == moment)
    }
    let bound = try await place.database.withSession { session in
      try session.query("select \(moments[0]) as moment, \(moments[0])::text as text").only()
    }
    #expect(try bound.value("moment", as: Timestamp.self) == moments[0])
  }

  @Test func `offsets mean for Postgres what they mean for us`() async throws {
    let place = try await Place(migrated: false)
    var generator = SeededGenerator(7)
    func two(_ number: Int) -> String { (number < 10 ? "0" : "") + "\(number)" }
    let texts = (0..<2000).map { _ -> String in
      func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }
      let day = "\(number(1900...2100))-\(two(number(1...12)))-\(two(number(1...28)))"
      let time = "\(two(number(0...23))):\(two(number(0...59))):\(two(number(0...59)))"
      let fraction = [".\(number(0...999_999))", ".5", "", ".000001"][number(0...3)]
      return "\(day)T\(time)\(fraction)\(["+", "-"][number(0...1)])\(two(number(0...15))):\(two(number(0...59)))"
    }
    let rows = try await place.database.withSession { session in
      try session.query(
        "select t::timestamptz as moment from unnest(\(texts)::text[]) with ordinality as u (t, n) order by n")
    }
    for (row, text) in zip(rows, texts) {
      #expect(try row.value("moment", as: Timestamp.self) == Timestamp(rfc3339: text), "\(text)")
    }
  }

  @Test func `moments and lengths add up`() throws {
    let start = try moment("2025-11-01T02:00:00Z")
    #expect(start + .hours(1) - .minutes(30) == (try moment("2025-11-01T02:30:00Z")))
    #expect(start + .days(30) - start == .days(30))
    #expect(start < start + .milliseconds(1))
    #expect(Duration.milliseconds(1500).inMilliseconds == 1500)
    #expect(Duration.microseconds(-1500).inMicroseconds == -1500)
    #expect(Duration.nanoseconds(1999).inMicroseconds == 1)
  }
}
