import JobRuntime
import TestSupport
import Testing

/// Wall clocks: nights in which they change, against a model; and columns that do not say what they mean.
@Suite(.timeLimit(.minutes(10))) struct ClockChangeTests {
  /// A night in which a zone's clocks change.
  struct Night: Sendable, CustomTestStringConvertible {
    var zone: String
    /// When they change, in UTC.
    var change: String
    /// Minutes ahead of UTC.
    var before: Int
    var after: Int
    var testDescription: String { "\(zone), \(change)" }

    /// The moment that a wall clock's time means, written as if it were UTC: one that does not exist is read with the offset
    /// from before; of two it is the second.
    func moment(_ wall: Timestamp) throws -> Timestamp {
      let change = try #require(Timestamp(rfc3339: change))
      let (first, second) = (wall - .minutes(before), wall - .minutes(after))
      return second >= change ? second : first
    }
  }

  /// From the zones' own rules: tzdata, europe, australasia and northamerica.
  static let nights = [
    Night(zone: "Europe/Berlin", change: "2025-03-30T01:00:00Z", before: 60, after: 120),
    Night(zone: "Europe/Berlin", change: "2025-10-26T01:00:00Z", before: 120, after: 60),
    Night(zone: "Australia/Lord_Howe", change: "2025-10-04T15:30:00Z", before: 630, after: 660),
    Night(zone: "Australia/Lord_Howe", change: "2025-04-05T15:00:00Z", before: 660, after: 630),
    Night(zone: "America/Havana", change: "2025-03-09T05:00:00Z", before: -300, after: -240),
    Night(zone: "America/Havana", change: "2025-11-02T05:00:00Z", before: -240, after: -300),
  ]

  @Test(arguments: nights)
  func `each post is published by the first run at or after the moment that its wall clock means`(night: Night)
    async throws
  {
    let editorial = try await Editorial(["PUBLISH_TIMEZONE": night.zone, "PUBLISH_BATCH": "4"], type: "timestamp")
    let change = try #require(Timestamp(rfc3339: night.change))
    let start = change + .minutes(night.before) - .minutes(150)
    let walls = (0...30).map { start + .minutes($0 * 10) }
    for (id, wall) in walls.enumerated() {
      try await editorial.place.execute(
        "insert into posts (id, publish_at) values (\(id), '\(wall.rfc3339)'::timestamp)")
    }
    let moments = try walls.map(night.moment)
    for step in -9...12 {
      let moment = change + .minutes(step * 20)
      let run = try await editorial.run([], ["JOB_SCHEDULED_AT": moment.rfc3339])
      #expect(run.exitCode == 0, "\(run.output)")
      let published = try await editorial.place.rows("select id as a from posts where status = 'published' order by id")
      let model = moments.indices.filter { moments[$0] <= moment }
      #expect(published.map { $0[0] } == model.map(String.init), "\(moment)")
    }
    #expect(try await editorial.mistakes() == [])
    let said = try await editorial.place.rows(
      """
      select to_char((event -> 'data' ->> 'scheduled_for')::timestamptz, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as a
      from oneshot.events order by (event -> 'data' ->> 'id')::integer
      """)
    #expect(said.map { $0[0] } == moments.map(\.rfc3339))
    // What is kept beside the wall clock's time is that time.
    #expect(try await editorial.place.value("select count(*) from posts where published_at is null") == "0")
  }

  @Test func `each post may have a zone of itself`() async throws {
    let editorial = try await Editorial(
      [
        "PUBLISH_DUE_AT": "publish_at at time zone picture -- the post's own",
        "PUBLISH_COLUMNS": "id,status,publish_at",
      ],
      type: "timestamp")
    try await editorial.place.execute(
      """
      insert into posts (id, publish_at, picture) values
        (1, '2025-11-08 03:00', 'Europe/Berlin'), (2, '2025-11-07 20:59', 'America/New_York'), (3, '2025-11-07 21:01', 'America/New_York')
      """)
    let check = try await editorial.run(["--check"])
    #expect(check.exitCode == 0, "\(check.output)")
    let run = try await editorial.run()
    #expect(
      run.exitCode == 0 && run.result["details", "next_due_at"].string == "2025-11-08T02:01:00+00:00", "\(run.output)")
    #expect(try await editorial.events() == ["post.published 2", "post.published 1"])
  }

  @Test func `columns that hold no moment are refused, and what helps is said`() async throws {
    for (type, more, words) in [
      ("timestamp", [:], "no setting names the zone"), ("date", [:], "is of type date"),
      ("timestamptz", ["PUBLISH_TIMEZONE": "Europe/Berlin"], "already holds moments"),
      ("timestamptz", ["PUBLISH_DUE_AT": "publish_at at time zone 'UTC'"], "PUBLISH_DUE_AT yields timestamp without"),
      ("timestamptz", ["PUBLISH_DUE_AT": "publish_att"], "publish_att"),
      (
        "timestamptz", ["PUBLISH_DUE_AT": "now()) from posts), gone as (delete from posts), x as (select (now()"],
        "syntax error"
      ),
    ] as [(String, [String: String], String)] {
      let editorial = try await Editorial(more, type: type)
      try await editorial.place.execute("insert into posts (id, publish_at) values (1, '2025-11-01')")
      for arguments in [["--check"], ["--plan"], []] {
        let run = try await editorial.run(arguments)
        #expect(run.exitCode == 78 && run.output.contains(words), "\(type) \(more) \(arguments): \(run.output)")
      }
      #expect(try await editorial.statuses() == ["1 scheduled"])
      #expect(try await editorial.events() == [])
    }
  }
}
