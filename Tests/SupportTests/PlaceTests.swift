import Postgres
import Redis
import TestSupport
import Testing

/// What all other tests stand on: nothing of a place reaches the next one, and no place stays.
@Suite(.timeLimit(.minutes(5))) struct PlaceTests {
  private let servers: PrivateServers

  init() async throws { servers = try await PrivateServers.start() }

  private func pool(redisNumbers: Int) -> PlacePool {
    PlacePool(databaseURL: servers.databaseURL, redisNumbers: redisNumbers, keepsConnections: false, stillThere: 0)
  }

  /// Definitions and rows of everything in it.
  private func dump(_ place: Place) async throws -> String {
    let dump = try await Binary(path: "/usr/bin/pg_dump").run(["--dbname", place.databaseURL])
    #expect(dump.exitCode == 0, "\(dump.errors)")
    // Each dump has a word of its own, which keeps psql from doing more than it holds.
    return dump.output.split(separator: "\n").filter { !$0.contains("restrict ") }.joined(separator: "\n")
  }

  @Test func `the next place is as if there had been none before`() async throws {
    let pool = pool(redisNumbers: 1)
    func leaveMuch() async throws -> Place {
      let place = try await Place(on: servers, from: pool)
      try await place.execute(
        """
        drop table oneshot.job_totals; alter table merchant_usage add mine integer; create schema mine;
        create table mine.rows as select 7 as number; create extension btree_gist;
        insert into oneshot.fences (job, shard, token) values ('mine', 0, 7);
        alter database \(place.databaseName()) set work_mem = '7MB';
        """)
      try await place.redis("SET", "mine", "7")
      return place
    }
    let untouched = try await dump(Place(on: servers, from: pool))
    let (before, number) = try await { () async throws in
      let place = try await leaveMuch()
      #expect(try await dump(place) != untouched)
      return (try await place.databaseName(), place.redisNumber)
    }()
    let next = try await Place(on: servers, from: pool)
    #expect(try await next.databaseName() != before && next.redisNumber == number)
    #expect(try await dump(next) == untouched)
    #expect(try await next.value("current_setting('work_mem')") == "4MB")
    #expect(try await next.redis("DBSIZE").integer == 0)
  }

  @Test func `a run that outlives its place reaches no other one`() async throws {
    let pool = pool(redisNumbers: 1)
    let (database, late) = try await { () async throws -> (Database, RedisConnection) in
      let place = try await Place(on: servers, from: pool)
      try await place.execute("create table here ()")
      return (place.database, try place.newRedisConnection())
    }()
    // It is connected still, and writes after all was given back.
    try await late.withSession { session in try session.command(RedisCommand("SET", "late", "7")) }
    let next = try await Place(on: servers, from: pool)
    #expect(try await next.redis("DBSIZE").integer == 0)
    await #expect(throws: PostgresError.self) {
      try await database.withSession { session in try session.query("select from here") }
    }
  }

  @Test func `many places, one after the other, are one or two at any time`() async throws {
    let pool = pool(redisNumbers: 3)
    let count = "select count(*) from pg_database where datname like 'place%'"
    for _ in 1...8 {
      let place = try await Place(on: servers, from: pool)
      #expect(Int(try await place.value(count)) ?? 9 <= 2)
    }
    let held = [
      try await Place(on: servers, from: pool), try await Place(on: servers, from: pool),
      try await Place(on: servers, from: pool),
    ]
    await #expect(throws: TestFailure.self) { _ = try await Place(on: servers, from: pool) }
    #expect(Set(held.map(\.redisNumber)).count == 3 && Set(held.map { $0.own("role") }).count == 3)
  }
}
