import TestSupport
import Testing

@testable import Reindex

/// `REINDEX_RATE` and the Redis key that changes it.
@Suite(.timeLimit(.minutes(10))) struct PaceTests {
  @Test(arguments: [1, 7, 100, 1000, 33_333])
  func `documents are given out at the rate, and no more than a tenth of a second's at once`(rate: Int) {
    let start = ContinuousClock.now
    let pace = Pace(rate: rate, now: start)
    var given = 0
    var last = start
    while given < rate * 20 {
      let (count, moment) = pace.reserve(1000, rate: rate, now: last)
      #expect(count <= max(1, rate / 10) && count >= 1 && moment >= last)
      // What was given out by now, this batch not counted.
      #expect(Double(given) <= (moment - start) / .seconds(1) * Double(rate) * 1.001)
      (given, last) = (given + count, moment)
    }
    let seconds = (last - start) / .seconds(1)
    #expect(abs(Double(given) / Double(rate) - seconds) <= max(0.11, 1.01 / Double(rate)))
  }

  @Test func `time in which nothing was asked for is not made up for`() {
    let start = ContinuousClock.now
    let pace = Pace(rate: 100, now: start)
    _ = pace.reserve(10, rate: 100, now: start)
    let later = start + .seconds(60)
    #expect(pace.reserve(10, rate: 100, now: later).start == later)
    #expect(pace.reserve(10, rate: 100, now: later).start == later + .milliseconds(100))
  }

  @Test func `a change holds from the next batch on, and no limit is none`() {
    let start = ContinuousClock.now
    let pace = Pace(rate: 10, now: start)
    #expect(pace.reserve(1000, rate: 10, now: start).count == 1)
    let next = pace.reserve(1000, rate: 10_000, now: start)
    #expect(next.count == 1000 && next.start == start + .milliseconds(100))
    #expect(pace.reserve(1000, rate: 10_000, now: next.start).start == next.start + .milliseconds(100))
    let free = pace.reserve(1000, rate: nil, now: next.start)
    #expect(free.count == 1000 && free.start == next.start)
    #expect(pace.reserve(5, rate: 10, now: free.start).start == free.start)
  }

  @Test func `lanes share the rate, and a run is no faster`() async throws {
    let catalogue = try await Catalogue()
    try await catalogue.place.execute("insert into assets (id, title) select g, 'x' from generate_series(1, 600) g")
    let run = try await catalogue.run([], ["REINDEX_RATE": "200", "REINDEX_PARALLEL": "3"])
    #expect(run.exitCode == 0 && run.count("read") == 600)
    // 600 documents at 200 a second; the rate is the contract's, a slow machine is not in it.
    #expect(run.result["duration_ms"].int ?? 0 >= 2900)
  }

  @Test func `the key in Redis changes the rate of a run that goes on, and what is no rate changes nothing`()
    async throws
  {
    let catalogue = try await Catalogue()
    try await catalogue.place.execute("insert into assets (id, title) select g, 'x' from generate_series(1, 5000) g")
    try await catalogue.place.execute("insert into projects values (1, 'x', '', null)")
    for junk in ["fast", "-1", "1.5", ""] {
      try await catalogue.place.redis("SET", Pace.key, junk)
      let run = try await catalogue.run([], ["REINDEX_ENTITIES": "project"])
      #expect(run.exitCode == 0 && run.errors.contains("not hold a number of documents"))
    }
    try await catalogue.place.redis("DEL", Pace.key)
    try await catalogue.place.redis("LPUSH", Pace.key, "5")
    #expect(
      try await catalogue.run([], ["REINDEX_ENTITIES": "project"]).errors.contains("not hold a number of documents"))
    try await catalogue.place.redis("DEL", Pace.key)
    // At one a second this would take an hour and a half.
    try await catalogue.place.redis("SET", Pace.key, "1")
    let run = try Catalogue.binary.start([], catalogue.place.environment.merging(["REINDEX_RATE": "2"]) { $1 })
    try await eventually {
      try await catalogue.place.value("select count(*) > 1 from search_documents where entity = 'asset'") == "true"
    }
    try await catalogue.place.redis("SET", Pace.key, "0")
    #expect(try await run.outcome(within: .seconds(180)).exitCode == 0)
    #expect(try await catalogue.differences() == [])
  }
}
