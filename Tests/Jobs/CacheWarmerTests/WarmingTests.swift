import JobRuntime
import Redis
import TestSupport
import Testing

/// What a run writes, and what it leaves alone.
@Suite(.timeLimit(.minutes(20))) struct WarmingTests {
  @Test(arguments: [0.1, 0.5, 0.9])
  func `feeds equal those of one query for each user, and those of a model in Python`(seed: Double) async throws {
    let feeds = try await Feeds(["WARM_LIMIT": "7", "WARM_AUTHOR_MAX": "2", "WARM_BATCH": "9"])
    try await feeds.fill(seed: seed)
    // Each like stands in its table twice.
    try await feeds.place.execute("insert into feed_likes select * from feed_likes")
    let run = try await feeds.run()
    #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
    let model = try await feeds.model(limit: 7, authorMost: 2)
    var (warmed, empty, cut) = (0, 0, 0)
    for user in 1...60 where user % 11 != 0 {
      let plain = try await feeds.plain(user, limit: 7, authorMost: 2)
      #expect(try await feeds.feed(user) == (plain.isEmpty ? nil : plain), "user \(user)")
      #expect(model["\(user)"] == plain, "user \(user)")
      if plain.isEmpty { empty += 1 } else { warmed += 1 }
      if plain.count == 7 { cut += 1 }
    }
    #expect(warmed > 20 && cut > 5, "\(warmed) \(empty) \(cut)")
    #expect(run.count("users") == warmed + empty && run.count("warmed") == warmed && run.count("empty") == empty)
    #expect(try await feeds.place.redis("KEYS", "feed:*").elements.count == warmed)
    // Everything is fresh to a second run.
    let again = try await feeds.run()
    #expect(again.count("fresh") == warmed && again.count("warmed") == 0 && again.count("empty") == empty)
  }

  @Test func `a feed with 90 s left is not touched, one with 60 s left is renewed`() async throws {
    let feeds = try await Feeds()
    try await feeds.fillPlainly(users: 6)
    try await feeds.put("old", for: 1...2, left: 90_000)
    try await feeds.put("old", for: 3...4, left: 60_000)
    try await feeds.place.redis("SET", "feed:5", "endless")
    let run = try await feeds.run()
    #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
    #expect(run.count("fresh") == 3 && run.count("warmed") == 3, "\(run.output)")
    for user in 1...2 {
      #expect(try await feeds.place.redis("GET", "feed:\(user)").text == "old")
      #expect(try await feeds.left(user) <= 90_000)
    }
    for user in [3, 4, 6] {
      #expect(try await feeds.feed(user) == ["1", "2", "3"])
      #expect(try await feeds.left(user) > 60_000)
    }
    // One without a lifetime is the application's mistake, and is named.
    #expect(try await feeds.place.redis("GET", "feed:5").text == "endless")
    #expect(run.result["details", "endless"].int == 1 && run.errors.contains("feed:5"))
    let least = try #require(run.result["details", "least_left_ms"].int)
    #expect(least > 0 && least <= 60_000)
  }

  @Test func `what the application writes or removes while feeds are computed stays so`() async throws {
    let feeds = try await Feeds()
    try await feeds.fillPlainly(users: 8)
    try await feeds.put("old", for: 1...4, left: 70_000)
    let run = try await feeds.start(past: "read the expiries")
    // Shorter lives than WARM_AHEAD, and than what was left before, too.
    try await feeds.put("newer", for: [1], left: 60_000)
    try await feeds.put("newer", for: [2], left: 90_000)
    try await feeds.put("newer", for: [5], left: 50_000)
    try await feeds.place.redis("DEL", "feed:3")
    run.letGo()
    let outcome = await run.process.outcome()
    #expect(outcome.exitCode == 0, "\(outcome.output)")
    #expect(outcome.count("kept") == 4 && outcome.count("warmed") == 4, "\(outcome.output)")
    for user in [1, 2, 5] { #expect(try await feeds.place.redis("GET", "feed:\(user)").text == "newer") }
    #expect(try await feeds.left(3) == -2, "somebody has removed it because it was wrong")
    for user in [4, 6, 7, 8] { #expect(try await feeds.feed(user) == ["1", "2", "3"]) }
  }

  @Test func `expiries are spread over a tenth of the lifetime either way, the same for a user in each run`()
    async throws
  {
    let feeds = try await Feeds(["WARM_TTL": "20m"])
    try await feeds.fillPlainly(users: 600)
    #expect(try await feeds.run().count("warmed") == 600)
    let now = try await clock(of: feeds)
    var ends: [Int] = []
    for user in 1...600 { ends.append(now + (try await feeds.left(user))) }
    let moment = Int(feeds.moment.microseconds / 1000)
    // Twenty minutes, and two more or less; and some seconds, for the questions and the publication.
    #expect(
      ends.allSatisfy { $0 > moment + 1_060_000 && $0 < moment + 1_340_000 }, "\(ends.min() ?? 0) \(ends.max() ?? 0)")
    let thirds = [0..<1_160_000, 1_160_000..<1_240_000, 1_240_000..<2_000_000].map { third in
      ends.count { third.contains($0 - moment) }
    }
    #expect(thirds.allSatisfy { $0 > 120 }, "\(thirds)")
    try await feeds.place.redis("DEL", "feed:7")
    #expect(try await feeds.run().count("warmed") == 1)
    let again = try await clock(of: feeds) + (try await feeds.left(7))
    #expect(abs(again - ends[6]) < 20_000)
  }

  /// Redis' clock, in milliseconds.
  private func clock(of feeds: Feeds) async throws -> Int {
    let time = try await feeds.place.redis("TIME").elements.compactMap(\.text).compactMap { Int($0) }
    return time[0] * 1000 + time[1] / 1000
  }

  @Test func `lists and sorted sets have the same posts in the same order, and a lifetime`() async throws {
    let feeds = try await Feeds()
    try await feeds.fill()
    #expect(try await feeds.run().exitCode == 0)
    for form in ["list", "zset"] {
      let run = try await feeds.run([], ["WARM_FORM": form, "WARM_KEY_PREFIX": "\(form):"])
      #expect(run.exitCode == 0, "\(run.output)")
      for user in 1...60 {
        let key = "\(form):\(user)"
        let ids =
          form == "list"
          ? try await feeds.place.redis("LRANGE", key, "0", "-1")
          : try await feeds.place.redis("ZREVRANGE", key, "0", "-1")
        #expect(ids.elements.compactMap(\.text) == (try await feeds.feed(user) ?? []), "\(key)")
        if !ids.elements.isEmpty { #expect(try await feeds.place.redis("PTTL", key).integer ?? 0 > 0) }
      }
    }
  }

  @Test func `a run that is late ranks as of its moment, and its feeds expire as if it had been punctual`() async throws
  {
    let feeds = try await Feeds(["WARM_TTL": "1h", "WARM_AHEAD": "20m", "WARM_ACTIVITY": "redis:seen"])
    try await feeds.fillPlainly(users: 3, posts: 30)
    for user in 1...3 {
      try await feeds.place.redis("ZADD", "seen", "\(feeds.moment.microseconds / 1_000_000)", "\(user)")
    }
    try await feeds.put("of a later moment", for: [3], left: 18 * 60_000)
    let late = feeds.moment - .minutes(50)
    let run = try await feeds.run([], ["JOB_SCHEDULED_AT": late.rfc3339])
    #expect(run.exitCode == 0 && run.count("warmed") == 2 && run.count("fresh") == 1, "\(run.output)")
    #expect(try await feeds.place.redis("GET", "feed:3").text == "of a later moment")
    // 10 minutes left, and 6 more or less.
    for user in 1...2 { #expect(try await feeds.left(user) < 16 * 60_000 + 1000) }
    let text = try #require(try await feeds.place.redis("GET", "feed:1").text)
    #expect(text.contains(late.rfc3339))
    // At most five of one author.
    #expect(ResultLine(text: text)["ids"].elements.compactMap(\.string) == ["1", "2", "3", "4", "5"])

    let stale = try await feeds.run([], ["JOB_SCHEDULED_AT": (feeds.moment - .hours(1)).rfc3339])
    #expect(stale.exitCode == 0 && stale.result["details", "stale_slot"].bool == true, "\(stale.output)")
    #expect(stale.count("users") == 0 && stale.errors.contains("WARM_TTL"))
  }

  @Test func `a schedule that is too slow is named`() async throws {
    let feeds = try await Feeds(["WARM_AHEAD": "20m"])
    try await feeds.fillPlainly(users: 2)
    let first = try await feeds.run()
    #expect(!first.result["details", "least_left_ms"].isThere, "there were no feeds and no runs before it")
    let soon = try await feeds.run()
    #expect(soon.result["details", "least_left_ms"].int ?? -1 > 0 && !soon.errors.contains("WARM_AHEAD"))
    try await feeds.place.execute("update oneshot.job_runs set started_at = started_at - interval '22 minutes'")
    let late = try await feeds.run()
    let left = try #require(late.result["details", "least_left_ms"].int)
    #expect(left < -100_000 && left > -1_200_000 && late.errors.contains("WARM_AHEAD"), "\(late.output)")
  }

  @Test func `a plan says what would be done, and writes nothing`() async throws {
    let feeds = try await Feeds()
    try await feeds.fillPlainly(users: 3)
    let plan = try await feeds.run(["--plan"])
    #expect(plan.exitCode == 0 && plan.count("warmed") == 3, "\(plan.output)\(plan.errors)")
    #expect(try await feeds.place.redis("DBSIZE").integer == 0)
  }
}
