import Foundation
import JobRuntime
import TestSupport
import Testing

/// Quiet hours, against a model that knows only how far a zone is from UTC at a moment.
@Suite(.timeLimit(.minutes(30))) struct QuietTests {
  /// What the wall clock of a zone says, and which moment a wall clock's time means.
  private struct Wall {
    var zone: TimeZone

    private func offset(_ seconds: Int) -> Int {
      zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(seconds)))
    }

    /// Seconds as if the wall clock's time were UTC.
    func time(at moment: Int) -> Int { moment + offset(moment) }

    /// A time that does not exist is read with the offset from before; of two it is the second.
    func moment(of time: Int) -> Int {
      let (before, after) = (offset(time - 86_400), offset(time + 86_400))
      let (first, second) = (time - before, time - after)
      return offset(second) == after ? second : offset(first) == before ? first : time - before
    }

    /// The end of the quiet hours that a moment is in; `nil` in none.
    func end(_ moment: Int, from: Int, until: Int) -> Int? {
      let midnight = time(at: moment) / 86_400 * 86_400
      return [midnight - 86_400, midnight].compactMap { day in
        let since = self.moment(of: day + from)
        let end = self.moment(of: day + until + (until <= from ? 86_400 : 0))
        return since <= moment && moment < end ? end : nil
      }.max()
    }
  }

  /// Their rules have changed lately, so that Foundation and Postgres may have other ones.
  private static let unsettled: Set<String> = [
    "America/Asuncion", "America/Coyhaique", "America/Nuuk", "America/Godthab", "America/Scoresbysund", "Asia/Almaty",
    "Asia/Qostanay", "Asia/Gaza", "Asia/Hebron", "Africa/Casablanca", "Africa/El_Aaiun", "Africa/Cairo", "Asia/Amman",
    "Asia/Damascus", "Antarctica/Vostok", "Antarctica/Casey",
  ]

  @Test(arguments: [("22:00", "07:00"), ("00:30", "02:30"), ("13:15", "13:00")])
  func `mails wait until the night is over, over midnight and over both clock changes, in a hundred zones`(
    from: String, until: String
  ) async throws {
    let notices = try await Notices(["NOTIFY_QUIET": "\(from)-\(until)", "NOTIFY_MAX_EMAILS": "100000/1h"])
    let known = try await notices.place.rows(
      "select name as a from pg_timezone_names where name ~ '^[A-Z][A-Za-z_]+/[A-Za-z_/-]+$' and name !~ '^Etc' order by md5(name)"
    )
    let names = known.map { $0[0] }.filter { !Self.unsettled.contains($0) && TimeZone(identifier: $0) != nil }
    let chosen =
      names.prefix(95) + [
        "Australia/Lord_Howe", "America/Havana", "Europe/Berlin", "America/New_York", "Asia/Kathmandu",
      ]
    let list = Set(chosen).sorted().enumerated().map { "(\($0.offset), 'u\($0.offset)@example.org', '\($0.element)')" }
    try await notices.place.execute("insert into users (id, email, timezone) values \(list.joined(separator: ", "))")
    func seconds(_ text: String) -> Int { (Int(text.prefix(2)) ?? 0) * 3600 + (Int(text.suffix(2)) ?? 0) * 60 }
    for start in ["2025-03-08T20:00:00Z", "2025-03-29T20:00:00Z", "2025-10-25T20:00:00Z", "2025-11-01T20:00:00Z"] {
      let first = try #require(Timestamp(rfc3339: start))
      for step in 0..<14 {
        let moment = first + .minutes(step * 110)
        try await notices.place.execute(
          """
          insert into notifications (id, user_id, created_at)
          select (select coalesce(max(id), 0) from notifications) + row_number() over (), id, '\(moment.rfc3339)' from users
          """)
        let run = try await notices.run([], ["JOB_SCHEDULED_AT": moment.rfc3339])
        #expect(run.exitCode == 0 && run.count("emails") == list.count, "\(run.output)")
        let found = try await notices.place.rows(
          """
          select timezone as a, coalesce(extract(epoch from not_before)::bigint::text, '') as b
          from oneshot.deliveries join users on users.id::text = user_id
          """)
        for row in found {
          let wall = Wall(zone: try #require(TimeZone(identifier: row[0])))
          let end = wall.end(Int(moment.microseconds / 1_000_000), from: seconds(from), until: seconds(until))
          #expect(row[1] == (end.map(String.init) ?? ""), "\(row[0]) at \(moment.rfc3339)")
        }
        try await notices.place.execute("delete from oneshot.deliveries")
      }
    }
  }
}
