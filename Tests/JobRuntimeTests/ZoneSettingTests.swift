import Postgres
import TestSupport
import Testing

@testable import JobRuntime

/// Settings that name a time zone.
@Suite(.timeLimit(.minutes(10))) struct ZoneSettingTests {
  private func failure(_ zone: String, _ place: Place) async throws -> JobFailure? {
    try await place.database.withSession { session in
      try ZoneSetting(setting: "A_TIMEZONE", zone: zone).failure(session)
    }
  }

  @Test(
    arguments: [
      ("UTC-5", "5 h behind UTC write Etc/GMT+5 or America/Bogota"),
      ("GMT-5", "5 h behind UTC write Etc/GMT+5 or America/Bogota"),
      ("<-05>5", "5 h behind UTC write Etc/GMT+5 or America/Bogota"),
      ("utc+5:30", "5 h 30 min ahead of UTC write Asia/Kolkata"), ("-0330", "name a place"),
      ("+01:00", "1 h ahead of UTC write Etc/GMT-1 or Africa/Lagos"),
      ("EST5", "5 h behind UTC write Etc/GMT+5"), ("UTC+0", "write UTC"),
      ("Europe/Berln", "Did you mean Europe/Berlin?"), ("europe/atlantis", "Name a place"),
      ("Etc/GMT+15", "Did you mean Etc/GMT+1"),
      ("EST5EDT4", "Did you mean EST5EDT?"),
      ("CEST", "Name a place"), ("CET", "Name a place"), ("WET", "Name a place"), ("EST", "Name a place"),
    ])
  func `what is no name is refused, with the right spelling`(zone: String, words: String) async throws {
    let found = try await failure(zone, Place(migrated: false))
    let failure = try #require(found)
    #expect(failure.kind == .misconfigured)
    #expect(failure.message == "A_TIMEZONE is «\(zone)», which Postgres does not read as the name of a time zone")
    #expect(failure.hint?.contains(words) == true, "\(failure)")
  }

  @Test func `every name that Postgres lists is taken, but for abbreviations without daylight saving time`()
    async throws
  {
    let place = try await Place(migrated: false)
    let names = try await place.rows("select name from pg_timezone_names where name !~ '^(posix|right)/'").map { $0[0] }
    #expect(names.count > 400)
    var refused: [String] = []
    for name in names where try await failure(name, place) != nil { refused.append(name) }
    #expect(Set(refused).isSubset(of: ["CET", "EET", "EST", "HST", "MET", "MST", "WET"]), "\(refused)")
    for name in ["europe/berlin", "utc", "UTC", "Etc/GMT+5", "EST5EDT", "Japan"] {
      #expect(try await failure(name, place) == nil, "\(name)")
    }
    // Why those are refused: by the name alone it would be 14:00.
    #expect(try await place.value("(timestamptz '2025-07-01 12:00Z' at time zone 'CET')") == "2025-07-01 13:00:00")
  }

  @Test func `each place of an offset has that offset all year`() async throws {
    let place = try await Place(migrated: false)
    for (minutes, name) in UTCOffset.places {
      let offsets = try await place.rows(
        """
        select distinct extract(epoch from (at at time zone '\(name)') - (at at time zone 'UTC'))::int / 60 as a
        from generate_series(timestamptz '2026-01-15', '2026-12-15', interval '1 month') as at
        """)
      #expect(offsets == [["\(minutes)"]], "\(name)")
    }
  }

  @Test(arguments: ["", "Z", "UTC", "+", "-", "UTC-25", "UTC-5:60", "UTC-", "Europe/Berlin", "5", "EST5EDT", "UTC-5x"])
  func `what is no offset is none`(text: String) { #expect(UTCOffset(text) == nil) }
}
