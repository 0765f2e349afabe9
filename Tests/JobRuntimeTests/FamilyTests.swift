import Redis
import Synchronization
import TestSupport
import Testing

@testable import JobRuntime

/// `run.publish(_:fencedBy:)`, the cheap form for families of keys, on one server.
@Suite(.timeLimit(.minutes(10))) struct FamilyTests {
  private static let fenceKey = "oneshot:fence:{feed:}/sample"

  /// One key of every kind and size, and what the server is then asked and answers.
  private static let kinds: [(content: Replacement.Content, question: [String], answer: [String])] = [
    (.string("plain"), ["GET"], ["plain"]),
    (.string(""), ["STRLEN"], ["0"]),
    (.string("ü\0\r\n$1\r\n\"'{}%*"), ["GET"], ["ü\0\r\n$1\r\n\"'{}%*"]),
    (.string(String(repeating: "x", count: 4096)), ["STRLEN"], ["4096"]),
    (.string(String(repeating: "x", count: 4097)), ["STRLEN"], ["4097"]),
    (.list(["b", "a\0", "", "b"]), ["LRANGE", "0", "-1"], ["b", "a\0", "", "b"]),
    (.list((0..<65).map { "i\($0)" }), ["LRANGE", "63", "-1"], ["i63", "i64"]),
    (.sortedSet([("a\0 b", "2.5"), ("ü", "-1")]), ["ZRANGE", "0", "-1", "WITHSCORES"], ["ü", "-1", "a\0 b", "2.5"]),
    (.sortedSet((0..<64).map { ("m\($0)", "\($0)") }), ["ZCARD"], ["64"]),
    (.sortedSet((0..<65).map { ("m\($0)", "\($0)") }), ["ZCARD"], ["65"]),
    (
      .sortedSet([("far", "inf"), ("near", "1e3")]), ["ZRANGE", "0", "-1", "WITHSCORES"],
      ["near", "1000", "far", "inf"]
    ),
    (.hash([("f\0", "v\0"), ("", "")]), ["HMGET", "f\0", ""], ["v\0", ""]),
    (.hash((0..<65).map { ("f\($0)", "\($0)") }), ["HLEN"], ["65"]),
    (.sortedSet([]), ["EXISTS"], ["0"]),
    (.hash([]), ["EXISTS"], ["0"]),
    (.list([]), ["EXISTS"], ["0"]),
  ]

  private static func answer(_ place: Place, _ question: [String], _ key: String) async throws -> [String] {
    let words = [key] + question.dropFirst()
    let command = RedisCommand(question[0], bytes: words.map { Array($0.utf8) })
    let value = try await place.redis.withSession { session in try session.command(command) }
    if let number = value.integer { return ["\(number)"] }
    return value.text.map { [$0] } ?? value.elements.compactMap(\.text)
  }

  @Test(arguments: [nil, Duration.hours(2)])
  func `every kind of content takes the place of whatever was there, whole`(life: Duration?) async throws {
    let place = try await Place()
    let keys = Self.kinds.indices.map { "feed:{\($0)} a}\0b" }
    for key in keys { try await place.redis("HSET", key, "of another", "type") }
    let result = try await SampleJob { run in
      let entries = zip(keys, Self.kinds).map { FamilyEntry($0, $1.content, timeToLive: life) }
      let outcome = try await run.publish(entries, fencedBy: "feed:")
      #expect(outcome == FamilyOutcome(written: keys.count, kept: []))
    }.result(in: place)
    #expect(result.status == .succeeded, "\(result)")
    for (key, kind) in zip(keys, Self.kinds) {
      #expect(try await Self.answer(place, kind.question, key) == kind.answer, "\(kind.content)")
      let left = try await place.redis("PTTL", key).integer ?? 0
      let isThere = kind.question != ["EXISTS"]
      #expect(isThere ? (life == nil ? left == -1 : left > 7_100_000 && left <= 7_200_000) : left == -2, "\(left)")
    }
    #expect(try await place.redis("PTTL", Self.fenceKey).integer == -1)
    #expect(try await place.redis("DBSIZE").integer == Int64(keys.count - 3 + 1), "nothing else is left")
  }

  @Test func `a key that was renewed meanwhile is left alone, whatever its kind and size`() async throws {
    let place = try await Place()
    let lives = [("fresh", 90_000), ("stale", 60_000), ("eternal", 0)]
    let contents: [(String, Replacement.Content)] = [
      ("small", .string("new")), ("large", .string(String(repeating: "x", count: 5000))),
      ("few", .sortedSet([("new", "1")])), ("many", .sortedSet((0..<70).map { ("new \($0)", "1") })),
    ]
    for (life, left) in lives {
      for (name, _) in contents {
        try await place.redis("SET", "feed:\(life):\(name)", "old")
        if left > 0 { try await place.redis("PEXPIRE", "feed:\(life):\(name)", "\(left)") }
      }
    }
    let result = try await SampleJob { run in
      let entries = (lives.map(\.0) + ["missing"]).flatMap { life in
        contents.map { name, content in
          FamilyEntry(
            "feed:\(life):\(name)", content, timeToLive: .seconds(120), condition: .expiring(within: .seconds(75)))
        }
      }
      let outcome = try await run.publish(entries, fencedBy: "feed:")
      #expect(outcome.written == 8)
      #expect(
        outcome.kept.sorted()
          == ["eternal", "fresh"].flatMap { life in
            ["few", "large", "many", "small"].map { "feed:\(life):\($0)" }
          })
    }.result(in: place)
    #expect(result.status == .succeeded, "\(result)")
    for (name, _) in contents {
      #expect(try await place.redis("GET", "feed:fresh:\(name)").text == "old")
      #expect(try await place.redis("PTTL", "feed:eternal:\(name)").integer == -1)
      for life in ["stale", "missing"] {
        let left = try await place.redis("PTTL", "feed:\(life):\(name)").integer ?? 0
        #expect(left > 110_000 && left <= 120_000, "\(life) \(name): \(left)")
      }
    }
    #expect(try await place.redis("KEYS", "oneshot:new:*").elements.isEmpty)
  }

  @Test func `ten thousand keys are written, each with its own life`() async throws {
    let place = try await Place()
    let result = try await SampleJob { run in
      let entries = (0..<10_000).map { number in
        FamilyEntry(
          "feed:\(number)", .sortedSet((0..<20).map { ("\($0)", "\(number)") }), timeToLive: .seconds(1000 + number))
      }
      let outcome = try await run.publish(entries, fencedBy: "feed:")
      #expect(outcome.written == 10_000)
    }.result(in: place)
    #expect(result.status == .succeeded, "\(result)")
    #expect(try await place.redis("DBSIZE").integer == 10_001)
    for number in [0, 99, 100, 1999, 2000, 9999] {
      #expect(try await place.redis("ZSCORE", "feed:\(number)", "19").text == "\(number)")
      let left = try await place.redis("TTL", "feed:\(number)").integer ?? 0
      #expect(left > 900 + number && left <= 1000 + number)
    }
  }

  // MARK: Fencing

  @Test func `after a newer run has claimed or published the family, an older one writes none of its keys`()
    async throws
  {
    let place = try await Place()
    let sizes = [1, 5000]
    let result = try await SampleJob { run in
      for size in sizes {
        let content = Replacement.Content.string(String(repeating: "o", count: size))
        try await run.publish([FamilyEntry("feed:1", content)], fencedBy: "feed:")
      }
      try await run.claim(family: "feed:")
      #expect(try await place.redis("GET", Self.fenceKey).text?.hasPrefix("1 in ") == true)
      try await place.redis("SET", Self.fenceKey, "2")
      try await place.redis("SET", "feed:1", "newer")
      for size in sizes {
        let content = Replacement.Content.string(String(repeating: "o", count: size))
        await #expect { try await run.publish([FamilyEntry("feed:1", content)], fencedBy: "feed:") } throws: { error in
          (error as? JobFailure)?.kind == .fenced && "\(error)".contains(Self.fenceKey)
        }
      }
      // Another family is not claimed.
      try await run.publish([FamilyEntry("list:1", .string("mine"))], fencedBy: "list:")
    }.result(in: place)
    #expect(result.status == .succeeded, "\(result)")
    #expect(try await place.redis("GET", "feed:1").text == "newer")
    #expect(try await place.redis("GET", Self.fenceKey).text == "2")
    #expect(try await place.redis("GET", "list:1").text == "mine")
  }

  @Test func `a key outside of its family is refused before anything is written`() async throws {
    let place = try await Place()
    let result = try await SampleJob { run in
      let entries = ["feed:1", "feed2"].map { FamilyEntry($0, .string("x")) }
      try await run.publish(entries, fencedBy: "feed:")
    }.result(in: place)
    #expect(result.error?.kind == .internal && result.error?.message.contains("feed2") == true, "\(result)")
    #expect(try await place.redis("EXISTS", "feed:1").integer == 0)
  }

  @Test func `a dry run writes nothing`() async throws {
    let place = try await Place()
    let result = try await SampleJob { run in
      let outcome = try await run.publish([FamilyEntry("feed:1", .string("x"))], fencedBy: "feed:")
      #expect(outcome == FamilyOutcome())
    }.result(in: place, ["JOB_DRY_RUN": "true"])
    #expect(result.status == .succeeded)
    #expect(try await place.redis("DBSIZE").integer == 0)
  }

  @Test(arguments: ["zadd", "hset", "rpush", "time", "pexpire", "unlink", "set", "pttl"])
  func `a user whom a right is missing loses no content and no expiry`(right: String) async throws {
    let place = try await Place()
    let user = "without-\(right)-\(place.redisURL.split(separator: "=").last ?? "")"
    try await place.redis("ACL", "SETUSER", user, "on", "nopass", "~*", "+@all", "-\(right)")
    var problem = ""
    let url = place.redisURL.replacing("unix://", with: "unix://\(user):x@")
    let limited = RedisConnection(try #require(RedisAddress(url: url, problem: &problem)), clientName: "tests")
    let token = PublishingToken(fence: 1, shard: Shard(index: 0, count: 1), job: "sample", key: Self.fenceKey)
    var generator = SystemRandomNumberGenerator()
    let runID = RunID(at: Timestamp(seconds: 1), using: &generator)
    let contents: [Replacement.Content] = [
      .sortedSet([("new", "1")]), .hash([("new", "1")]), .list(["new"]), .string("new"),
    ]
    for content in contents {
      try await place.redis("SET", "feed:1", "old")
      let entry = FamilyEntry("feed:1", content, timeToLive: .hours(1), condition: .expiring(within: .hours(9)))
      try await place.redis("PEXPIRE", "feed:1", "60000")
      let publication = FamilyPublication(entries: [entry], token: token, runID: runID)
      do {
        _ = try await limited.withSession { session in try publication.carryOut(&session) }
        #expect(try await place.redis("PTTL", "feed:1").integer ?? 0 > 3_000_000)
      } catch {
        #expect(JobFailure(classifying: error).kind == .denied, "\(error)")
        #expect(try await place.redis("GET", "feed:1").text == "old", "\(content)")
      }
    }
    try await place.redis("ACL", "DELUSER", user)
  }

  // MARK: Interruption

  @Test func `cut at any command, keys are old or new, and the next attempt writes them all`() async throws {
    let sent = Atomic<Int>(0)
    let cutAt = Atomic<Int>(0)
    let place = try await Place()
    let proxy = try Proxy(to: place.servers.redisSocket) { piece in
      guard piece.contains("feed:"), piece.direction == .toServer else { return .pass }
      let number = sent.add(1, ordering: .relaxed).newValue
      // Half of the cuts before the server has seen the command, half before we see its answer.
      guard number == cutAt.load(ordering: .relaxed) else { return .pass }
      return number.isMultiple(of: 2) ? .cut(after: 0) : .cut(after: piece.bytes.count)
    }
    defer { proxy.close() }
    let count = 250
    let large = String(repeating: "n", count: 5000)
    var cuts = 0
    for cut in 1... {
      try await place.redis("FLUSHDB")
      try await place.redis(all: (0..<count).map { RedisCommand("SET", "feed:\($0)", "old") })
      sent.store(0, ordering: .relaxed)
      cutAt.store(cut, ordering: .relaxed)
      let result = try await SampleJob { run in
        let entries = (0..<count).map { number in
          FamilyEntry("feed:\(number)", .string(number % 50 == 0 ? large : "new"), timeToLive: .hours(1))
        }
        try await run.publish(entries, fencedBy: "feed:")
      }.result(
        in: place,
        place.environment(redis: proxy).merging(["JOB_BACKOFF_MAX": "0s", "JOB_ATTEMPTS": cut % 3 == 0 ? "1" : "3"]) {
          $1
        })
      let wasCut = sent.load(ordering: .relaxed) >= cut
      if wasCut { cuts += 1 }
      let isOver = result.status == .succeeded
      #expect(isOver || (wasCut && cut % 3 == 0), "\(result)")
      for number in 0..<count {
        let value = try await place.redis("GET", "feed:\(number)").text
        let new = number % 50 == 0 ? large : "new"
        #expect(value == new || (!isOver && value == "old"), "cut \(cut), key \(number): \(value ?? "nil")")
        if value == new { #expect(try await place.redis("PTTL", "feed:\(number)").integer ?? 0 > 0) }
      }
      guard wasCut else { break }
    }
    #expect(cuts > 8, "\(cuts)")
  }

  @Test func `a script that the server has forgotten is given to it again, in the middle of a publication`()
    async throws
  {
    let place = try await Place()
    let result = try await SampleJob { run in
      for round in 0..<3 {
        try await run.publish(
          (0..<300).map { FamilyEntry("feed:\($0)", .string("\(round)")) }, fencedBy: "feed:")
        try await place.redis("SCRIPT", "FLUSH")
      }
    }.result(in: place)
    #expect(result.status == .succeeded, "\(result)")
    for number in [0, 150, 299] { #expect(try await place.redis("GET", "feed:\(number)").text == "2") }
  }
}
