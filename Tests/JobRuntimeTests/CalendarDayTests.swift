import JobRuntime
import Postgres
import TestSupport
import Testing

@Suite struct CalendarDayTests {
  @Test func `days are those of Postgres from year 1 to 9999`() async throws {
    let place = try await Place(migrated: false)
    let rows = try await place.database.withSession { session in
      // Every 487 days: over 7,000 days, in all months; and each of four years about a century's end.
      try session.query(
        """
        select d::date::text as day, d::date - date '1970-01-01' as since_1970,
          d::date - date '2000-01-01' as since_2000
        from (
          select generate_series(timestamp '0001-01-01', timestamp '9999-12-31', interval '487 days') as d
          union all select generate_series(timestamp '1899-01-01', timestamp '1901-12-31', interval '1 day')
          union all select generate_series(timestamp '1999-01-01', timestamp '2001-12-31', interval '1 day')
          union all select timestamp '9999-12-31'
        ) as days
        """)
    }
    #expect(rows.count > 9000)
    for row in rows {
      let text = try row.value("day", as: String.self)
      let day = try row.value("day", as: CalendarDay.self)
      #expect(try day.daysSince1970 == Int32(row.value("since_1970", as: Int.self)), "\(text)")
      #expect(try day.daysSince2000 == Int32(row.value("since_2000", as: Int.self)), "\(text)")
      #expect(day.description == text)
      #expect(CalendarDay(daysSince1970: day.daysSince1970) == day)
    }
  }

  @Test(arguments: [
    "", "2025-11-1", "2025-1-01", "25-11-01", "2025/11/01", "2025-11-31", "2025-02-29", "1900-02-29", "2100-02-29",
    "0000-01-01", "2025-00-01", "2025-13-01", "2025-01-00", "2025-01-32", "2025-04-31", "-025-01-01", "+025-01-01",
    "2025-11-01 ", " 2025-11-01", "2025-11-01T", "20251101", "2025-11-0a", "2025-11-0\u{301}", "２025-11-01", "infinity",
    "2025-11--1", "2025-11-01\0",
  ])
  func `a day that does not exist or is written otherwise is not read`(text: String) {
    #expect(CalendarDay(text) == nil)
  }

  @Test(arguments: ["2000-02-29", "2024-02-29", "2400-02-29", "0001-01-01", "9999-12-31", "2025-12-31"])
  func `leap days and the first and last day are read`(text: String) {
    #expect(CalendarDay(text)?.description == text)
  }

  @Test func `days count on over months and years`() throws {
    let day = try #require(CalendarDay("2024-02-28"))
    #expect((day + 1).description == "2024-02-29")
    #expect((day + 2).description == "2024-03-01")
    #expect((day + 366).description == "2025-02-28")
    #expect((day + 366) - day == 366)
    #expect(day < day + 1)
  }

  @Test func `a bound day is a date for Postgres`() async throws {
    let place = try await Place(migrated: false)
    let day = try #require(CalendarDay("2024-02-29"))
    let row = try await place.database.withSession { session in
      try session.query("select pg_typeof(\(day))::text as type, \(day) as day").only()
    }
    #expect(try row.value("type", as: String.self) == "date")
    #expect(try row.value("day", as: CalendarDay.self) == day)
  }
}
