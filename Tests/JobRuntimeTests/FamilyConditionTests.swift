import Redis
import Synchronization
import TestSupport
import Testing

@testable import JobRuntime

/// Keys of a family that others write between the moment when their expiry was read and their publication.
@Suite(.timeLimit(.minutes(10))) struct FamilyConditionTests {
  /// What happens to a key meanwhile, and whether it is left as it then is.
  private static let events: [(name: String, before: Int?, meanwhile: [String], isLeft: Bool)] = [
    ("missing and still missing", nil, [], false),
    ("missing and written for a short time", nil, ["SET", "KEY", "other", "PX", "20000"], true),
    ("missing and written for ever", nil, ["SET", "KEY", "other"], true),
    ("there and not touched", 60_000, [], false),
    ("there and written for a shorter time", 60_000, ["SET", "KEY", "other", "PX", "20000"], true),
    ("there and written for a longer time", 60_000, ["SET", "KEY", "other", "PX", "90000"], true),
    ("there and written for ever", 60_000, ["SET", "KEY", "other"], true),
    ("there and removed", 60_000, ["DEL", "KEY"], true),
    ("there and given another life", 60_000, ["PEXPIRE", "KEY", "61000"], true),
    ("endless and not touched", 0, [], false),
    ("endless and given a life", 0, ["PEXPIRE", "KEY", "61000"], true),
  ]

  @Test(arguments: ["small", String(repeating: "large", count: 1000)])
  func `a key is written only if it is as it was when its expiry was read`(content: String) async throws {
    let place = try await Place()
    let keys = Self.events.map { "feed:\($0.name)" }
    for (key, event) in zip(keys, Self.events) {
      guard let life = event.before else { continue }
      try await place.redis("SET", key, "old")
      if life > 0 { try await place.redis("PEXPIRE", key, "\(life)") }
    }
    let result = try await SampleJob { run in
      let expiries = try await run.expiries(of: keys)
      for (expiry, event) in zip(expiries, Self.events) {
        switch (event.before, expiry.life) {
        case (nil, .missing), (0, .endless): break
        case (60_000, .left(let left)): #expect(left <= .seconds(60) && left > .seconds(30))
        default: Issue.record("\(event.name): \(expiry.life)")
        }
      }
      for (key, event) in zip(keys, Self.events) where !event.meanwhile.isEmpty {
        let words = event.meanwhile.dropFirst().map { Array(($0 == "KEY" ? key : $0).utf8) }
        try await place.redis(all: [RedisCommand(event.meanwhile[0], bytes: words)])
      }
      let entries = zip(keys, expiries).map { key, expiry in
        FamilyEntry(key, .string(content), timeToLive: .seconds(120), condition: .unchanged(since: expiry))
      }
      let outcome = try await run.publish(entries, fencedBy: "feed:")
      #expect(outcome.kept.sorted() == zip(keys, Self.events).filter { $1.isLeft }.map { $0.0 }.sorted())
    }.result(in: place)
    #expect(result.status == .succeeded, "\(result)")
    for (key, event) in zip(keys, Self.events) {
      let text = try await place.redis("GET", key).text
      let untouched = event.meanwhile.first == "SET" ? "other" : event.meanwhile.first == "DEL" ? nil : "old"
      #expect(text == (event.isLeft ? untouched : content), "\(event.name)")
    }
    #expect(try await place.redis("KEYS", "oneshot:new:*").elements.isEmpty)
  }

  @Test func `a key that has expired by itself meanwhile is written`() async throws {
    let place = try await Place()
    let result = try await SampleJob { run in
      try await place.redis("SET", "feed:1", "old", "PX", "200")
      let expiry = try await run.expiries(of: ["feed:1"])[0]
      guard case .left = expiry.life else { throw TestFailure("it was gone too early") }
      try await place.until(key: "feed:1", exists: false)
      let entry = FamilyEntry(
        "feed:1", .string("new"), timeToLive: .hours(1), condition: .unchanged(since: expiry))
      let outcome = try await run.publish([entry], fencedBy: "feed:")
      #expect(outcome == FamilyOutcome(written: 1))
    }.result(in: place)
    #expect(result.status == .succeeded, "\(result)")
    #expect(try await place.redis("GET", "feed:1").text == "new")
  }

  @Test func `a user who may not read expiries is told so`() async throws {
    let place = try await Place()
    let user = place.own("without_pttl")
    try await place.redis("ACL", "SETUSER", user, "on", "nopass", "~*", "+@all", "-pttl")
    let url = place.redisURL.replacing("unix://", with: "unix://\(user):x@")
    let result = try await SampleJob { run in _ = try await run.expiries(of: ["feed:1"]) }.result(
      in: place, ["REDIS_URL": url])
    #expect(result.error?.kind == .denied, "\(result)")
    try await place.redis("ACL", "DELUSER", user)
  }

  // MARK: Shares of the work

  private static let fenceKey = "oneshot:fence:{feed:}/sample"

  /// Publishes a key as a run with this fence and share would.
  ///
  /// - Returns: whether it was allowed to.
  private static func isAllowed(_ fence: Int64, _ index: Int, _ count: Int, in place: Place) async throws -> Bool {
    let token = PublishingToken(
      fence: fence, shard: Shard(index: index, count: count), job: "sample", origin: "7/7", key: fenceKey)
    var generator = SystemRandomNumberGenerator()
    let publication = FamilyPublication(
      entries: [FamilyEntry("feed:1", .string("\(fence)"))], token: token,
      runID: RunID(at: Timestamp(seconds: 1), using: &generator))
    do {
      try await place.redis.withSession { session in
        try FamilyPublication.claim(by: token, &session)
        _ = try publication.carryOut(&session)
      }
      return true
    } catch let failure as JobFailure where failure.kind == .fenced { return false }
  }

  @Test func `shares of one division write beside each other, and whoever may mean the same key does not`() async throws
  {
    let place = try await Place()
    func isAllowed(_ fence: Int64, _ index: Int, _ count: Int) async throws -> Bool {
      try await Self.isAllowed(fence, index, count, in: place)
    }
    // Three shares, in any order of their fences, and each again.
    for (fence, index) in [(12, 1), (11, 0), (13, 2), (11, 0), (12, 1)] as [(Int64, Int)] {
      #expect(try await isAllowed(fence, index, 3), "\(fence)")
    }
    #expect(try await place.redis("GET", Self.fenceKey).text?.hasPrefix("13 ") == true, "the highest comes first")
    #expect(try await !isAllowed(10, 0, 3), "an earlier run of the same share")
    #expect(try await !isAllowed(11, 0, 1), "a run with all of the work that is older than one of them")
    #expect(try await !isAllowed(12, 1, 2), "another division")
    // A newer run with all of it ends them.
    #expect(try await isAllowed(14, 0, 1))
    #expect(try await place.redis("GET", Self.fenceKey).text == "14 in 7/7")
    for index in 0..<3 { #expect(try await !isAllowed(13, index, 3)) }
    // So it does when another share of that division has written after it.
    #expect(try await isAllowed(15, 0, 3))
    #expect(try await !isAllowed(13, 2, 3))
    #expect(try await !isAllowed(14, 0, 1))
    #expect(try await isAllowed(16, 2, 3))
    // Another division, which forgets none of the others.
    #expect(try await isAllowed(17, 0, 2))
    #expect(try await !isAllowed(16, 1, 2))
    #expect(try await !isAllowed(16, 1, 3))
    #expect(try await isAllowed(18, 1, 2))
    #expect(try await place.redis("GET", Self.fenceKey).text?.split(separator: "\n").count == 3)
  }

  @Test(arguments: ["new", String(repeating: "large", count: 1000)], [nil, Duration.seconds(120)])
  func `a string that is the same is given its life and is not written`(content: String, life: Duration?) async throws {
    let place = try await Place()
    // APPEND leaves a string that is encoded another way than one that SET writes.
    for key in ["same", "other"] {
      try await place.redis("SET", "feed:\(key)", String(content.dropLast()))
      try await place.redis("APPEND", "feed:\(key)", String(content.suffix(1)))
      try await place.redis("PEXPIRE", "feed:\(key)", "60000")
    }
    try await place.redis("SADD", "feed:kind", "of another kind")
    let result = try await SampleJob { run in
      let entries = [("same", content), ("other", content + "!"), ("kind", content), ("missing", content)].map {
        FamilyEntry("feed:\($0.0)", .string($0.1), timeToLive: life, condition: .differing)
      }
      let outcome = try await run.publish(entries, fencedBy: "feed:")
      #expect(outcome == FamilyOutcome(written: 4, kept: []))
    }.result(in: place)
    #expect(result.status == .succeeded, "\(result)")
    for (key, text) in [("same", content), ("other", content + "!"), ("kind", content), ("missing", content)] {
      #expect(try await place.redis("GET", "feed:\(key)").text == text)
      let left = try await place.redis("PTTL", "feed:\(key)").integer ?? 0
      #expect(life == nil ? left == -1 : left > 60_000 && left <= 120_000, "\(key): \(left)")
    }
    if content == "new" {
      #expect(try await place.redis("OBJECT", "ENCODING", "feed:same").text == "raw")
      #expect(try await place.redis("OBJECT", "ENCODING", "feed:other").text == "embstr")
    }
    #expect(try await place.redis("KEYS", "oneshot:new:*").elements.isEmpty)
  }

  @Test func `shares that publish at the same time lose nothing`() async throws {
    let place = try await Place()
    let results = try await withThrowingTaskGroup(of: RunResult.self) { group in
      for index in 0..<3 {
        group.addTask {
          try await SampleJob { run in
            for round in 0..<20 {
              try await run.claim(family: "feed:")
              try await run.publish([FamilyEntry("feed:\(index)", .string("\(round)"))], fencedBy: "feed:")
            }
          }.result(in: place, ["JOB_SHARD_INDEX": "\(index)", "JOB_SHARD_COUNT": "3"])
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(results.allSatisfy { $0.status == .succeeded }, "\(results)")
    for index in 0..<3 { #expect(try await place.redis("GET", "feed:\(index)").text == "19") }
  }
}
