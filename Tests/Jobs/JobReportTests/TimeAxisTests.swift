import JobRuntime
import Operations
import Testing

@testable import JobReport

@Suite struct TimeAxisTests {
  private let now = Timestamp(seconds: 1762624083)  // 2025-11-08T17:48:03Z

  @Test func `days are whole, and today is the last`() {
    let week = TimeAxis(days: 7, endingOn: now)
    #expect(week.start.rfc3339 == "2025-11-02T00:00:00Z" && week.end.rfc3339 == "2025-11-09T00:00:00Z")
    #expect(week.cells == 84 && week.number(of: now) == 80)
    #expect(week.startOfCell(80).toTheMinute == "2025-11-08 16:00")
  }

  @Test(arguments: 1...90) func `cells fill the days, and are never too many`(days: Int) {
    let axis = TimeAxis(days: days, endingOn: now)
    #expect(86_400 % axis.cell == 0 && axis.cells <= 96 && axis.cells >= days)
    #expect(axis.end == axis.start + .days(days) && axis.number(of: now) < axis.cells)
  }

  @Test func `names of days`() {
    #expect(now.day.short == "Sat 8 Nov" && now.day.shortest == "Sat 8")
    #expect(Timestamp(rfc3339: "1969-12-31T23:59:59.9Z")?.day.short == "Wed 31 Dec")
  }

  @Test func `numbers as people read them`() {
    #expect(
      [0, 999, 1000, 1_234_567, -12_345].map { PageText.count($0) } == ["0", "999", "1,000", "1,234,567", "-12,345"])
    #expect(
      [7, 999_999, 1_250_000, 3.4e9, 1e300, -1e300].map { PageText.short($0) }
        == ["7", "999,999", "1.2 M", "3.4 G", "1,000,000.0 P", "-1,000,000,000,000,000"])
    // All is only what is all.
    #expect(
      [(1, 1), (9999, 10_000), (1, 3), (0, 0)].map { PageText.share($0, of: $1) } == ["100 %", "99.9 %", "33.3 %", "–"])
  }
}
