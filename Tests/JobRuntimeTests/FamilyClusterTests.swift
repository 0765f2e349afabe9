import Redis
import TestSupport
import Testing

@testable import JobRuntime

/// `run.publish(_:fencedBy:)` in a Redis Cluster.
@Suite(.timeLimit(.minutes(10))) struct FamilyClusterTests {
  private let cluster: RedisCluster

  init() async throws { cluster = try await RedisCluster() }

  private func answer(_ words: String...) async throws -> String {
    let answered = try await Binary(path: "/usr/bin/redis-cli").run(["-c", "-p", "\(cluster.ports[0])"] + words)
    return String(answered.output.drop { $0.isNewline }.prefix { !$0.isNewline })
  }

  private static func fenceKey(_ key: String) -> String { "oneshot:fence:{\(key)}/sample" }

  @Test func `each key is written where it is held, and its fence lives as long as it does`() async throws {
    let place = try await Place()
    let many = (0..<500).map { "feed:\($0)" }
    let result = try await SampleJob { run in
      let entries =
        many.map { FamilyEntry($0, .string("of \($0)"), timeToLive: .hours(1)) } + [
          FamilyEntry("feed:for ever", .hash([("a", "b")])), FamilyEntry("feed:}odd{", .string("x")),
          FamilyEntry("feed:{}", .string("x")), FamilyEntry("feed:{tag}1", .string("x")),
          FamilyEntry("feed:large", .sortedSet((0..<70).map { ("\($0)", "1") }), timeToLive: .hours(2)),
          FamilyEntry("feed:none", .sortedSet([]), timeToLive: .hours(3)),
        ]
      let outcome = try await run.publish(entries, fencedBy: "feed:")
      #expect(outcome == FamilyOutcome(written: 506, kept: []))
      let again = entries.map {
        FamilyEntry($0.key, .string("too late"), timeToLive: .hours(4), condition: .expiring(within: .minutes(9)))
      }
      let second = try await run.publish(again, fencedBy: "feed:")
      #expect(second.kept.count == 505)
    }.result(in: place, ["REDIS_URL": cluster.url])
    #expect(result.status == .succeeded, "\(result)")
    #expect(try await cluster.sizes().allSatisfy { $0 > 200 })
    for key in [many[0], many[499]] { #expect(try await answer("GET", key) == "of \(key)") }
    #expect(try await answer("ZCARD", "feed:large") == "70")
    #expect(try await answer("GET", "feed:none") == "too late")
    for (key, hours) in [(many[7], 1), ("feed:large", 2), ("feed:none", 4)] {
      for name in [key, Self.fenceKey(key)] {
        let left = try #require(Int(try await answer("TTL", name)))
        #expect(left > hours * 3600 - 120 && left <= hours * 3600, "\(name): \(left)")
      }
    }
    #expect(try await answer("TTL", "feed:for ever") == "-1")
    #expect(try await answer("TTL", Self.fenceKey("feed:for ever")) == "-1")
  }

  @Test func `a key that is removed keeps its fence for as long as it would have lived`() async throws {
    let place = try await Place()
    let result = try await SampleJob { run in
      let entry = FamilyEntry("feed:1", .hash([]), timeToLive: .hours(3))
      let outcome = try await run.publish([entry], fencedBy: "feed:")
      #expect(outcome.written == 1)
    }.result(in: place, ["REDIS_URL": cluster.url])
    #expect(result.status == .succeeded, "\(result)")
    #expect(try await answer("EXISTS", "feed:1") == "0")
    let left = try #require(Int(try await answer("TTL", Self.fenceKey("feed:1"))))
    #expect(left > 10_700 && left <= 10_800)
  }

  @Test func `an older run writes no key that a newer one has written, and none once the family is claimed`()
    async throws
  {
    let place = try await Place()
    let result = try await SampleJob { run in
      try await run.publish([FamilyEntry("feed:1", .string("mine"))], fencedBy: "feed:")
      try await cluster.cli(all: ["SET \"\(Self.fenceKey("feed:1"))\" 2", "SET feed:1 newer"])
      for entries in [["feed:1"], ["feed:2", "feed:1"]] {
        await #expect {
          try await run.publish(entries.map { FamilyEntry($0, .string("old")) }, fencedBy: "feed:")
        } throws: { error in (error as? JobFailure)?.kind == .fenced }
      }
      try await cluster.cli(all: ["SET oneshot:fence:{feed:}/sample 2"])
      await #expect {
        try await run.publish([FamilyEntry("feed:3", .string("old"))], fencedBy: "feed:")
      } throws: { error in (error as? JobFailure)?.kind == .fenced }
    }.result(in: place, ["REDIS_URL": cluster.url])
    #expect(result.status == .succeeded, "\(result)")
    #expect(try await answer("GET", "feed:1") == "newer")
    #expect(try await answer("EXISTS", "feed:3") == "0")
  }

  @Test func `expiries are read on all servers, and what was changed since is left as it is`() async throws {
    let place = try await Place()
    let keys = (0..<60).map { "feed:\($0)" }
    try await cluster.cli(all: keys.map { "SET \($0) old PX 60000" })
    let result = try await SampleJob { run in
      let expiries = try await run.expiries(of: keys + ["feed:missing"])
      #expect(expiries.dropLast().allSatisfy { if case .left = $0.life { true } else { false } })
      #expect(expiries.last?.life == .missing)
      try await cluster.cli(all: ["SET feed:7 other PX 20000", "DEL feed:8", "SET feed:missing other PX 20000"])
      let entries = zip(keys + ["feed:missing"], expiries).map { key, expiry in
        FamilyEntry(key, .list(["new"]), timeToLive: .hours(1), condition: .unchanged(since: expiry))
      }
      let outcome = try await run.publish(entries, fencedBy: "feed:")
      #expect(outcome.kept.sorted() == ["feed:7", "feed:8", "feed:missing"])
      // The servers are known by now.
      let again = try await run.expiries(of: ["feed:3", "feed:7"])
      #expect(again.map(\.life).allSatisfy { $0 != .missing })
    }.result(in: place, ["REDIS_URL": cluster.url])
    #expect(result.status == .succeeded, "\(result)")
    #expect(try await answer("LRANGE", "feed:3", "0", "-1") == "new")
    #expect(try await answer("GET", "feed:7") == "other")
    #expect(try await answer("EXISTS", "feed:8") == "0")
  }

  @Test func `a family with a hash tag needs one fence key, as on a single server`() async throws {
    let place = try await Place()
    let result = try await SampleJob { run in
      let entries = (0..<300).map { FamilyEntry("{feeds}:\($0)", .string("\($0)"), timeToLive: .hours(1)) }
      try await run.publish(entries, fencedBy: "{feeds}:")
    }.result(in: place, ["REDIS_URL": cluster.url])
    #expect(result.status == .succeeded, "\(result)")
    #expect(try await cluster.sizes().sorted() == [0, 0, 301])
  }

  @Test func `keys that move to another server while they are written are found there`() async throws {
    let place = try await Place()
    let key = "feed:moving"
    let slot = KeySlot.slot(of: key)
    #expect(try await answer("CLUSTER", "KEYSLOT", key) == "\(slot)")
    let result = try await SampleJob { run in
      try await run.publish([FamilyEntry(key, .string("before"))], fencedBy: "feed:")
      let sources = try await cluster.holders(of: slot)
      try await cluster.move(slot: slot, from: sources.holder, to: sources.other)
      try await run.publish([FamilyEntry(key, .string("after"))], fencedBy: "feed:")
    }.result(in: place, ["REDIS_URL": cluster.url, "JOB_BACKOFF_MAX": "0s"])
    #expect(result.status == .succeeded, "\(result)")
    #expect(try await answer("GET", key) == "after")
  }
}

extension RedisCluster {
  /// The port of the node that holds a slot, and one that does not.
  fileprivate func holders(of slot: Int) async throws -> (holder: Int, other: Int) {
    for port in ports where try await answer(port, "CLUSTER", "COUNTKEYSINSLOT", "\(slot)") != "0" {
      return (port, try #require(ports.first { $0 != port }))
    }
    throw TestFailure("no node has keys of the slot \(slot)")
  }
}
