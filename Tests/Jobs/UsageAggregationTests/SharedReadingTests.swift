import Foundation
import JobRuntime
import Redis
import TestSupport
import Testing

@testable import UsageAggregation

/// Shards that share the reading of one Redis.
@Suite(.timeLimit(.minutes(15))) struct SharedReadingTests {
  private static let count = Reading.fewestKeys + 4464
  private static let all = "\(count) \(count * (count - 1) / 2)"
  private let stored = "select count(*) || ' ' || coalesce(sum(value), 0) from merchant_usage"

  private func manyCounters() async throws -> Usage {
    let usage = try await Usage()
    try await usage.place.redis(
      all: (0..<Self.count).map { RedisCommand("SET", "usage:m\($0 / 20):2025-11-07:k\($0 % 20)", "\($0)") })
    return usage
  }

  private func run(_ usage: Usage, shard: Int, of count: Int, _ settings: [String: String] = [:]) async throws
    -> Binary.Outcome
  {
    // One day, so that a run after it has nothing to read.
    let shard = ["JOB_SHARD_INDEX": "\(shard)", "JOB_SHARD_COUNT": "\(count)", "USAGE_RETENTION": "1d"]
    return try await usage.run([], settings.merging(shard) { $1 })
  }

  @Test func `shards read all keys between them, hardly more, and all of them are written`() async throws {
    let usage = try await manyCounters()
    var scanned: [Int] = []
    for index in 0..<6 {
      let run = try await run(usage, shard: index, of: 6)
      #expect(run.exitCode == 0 && run.count("matched") == run.count("scanned"), "\(run.output)")
      scanned.append(run.count("scanned") ?? 0)
    }
    // A page ends behind a border, so some keys there are read by two shards; Redis does the work of one run all the same.
    let sum = scanned.reduce(0, +)
    #expect(
      sum >= Self.count && sum < Self.count + 6 * 1100 && scanned.allSatisfy { $0 > Self.count / 8 }, "\(scanned)")
    #expect(try await usage.place.value(stored) == Self.all)
    #expect(try await usage.place.value("select sum(keys) from oneshot.usage_days") == "\(sum)")
    // Nothing is left to do.
    #expect(try await run(usage, shard: 3, of: 6).count("scanned") == 0)
  }

  @Test func `a day of which another Redis was read in shares is read again`() async throws {
    let usage = try await manyCounters()
    for index in 0..<2 { #expect(try await run(usage, shard: index, of: 2).exitCode == 0) }
    let readings = try await usage.place.rows("select distinct reading as a from oneshot.usage_days")
    #expect(readings.count == 1 && readings[0][0].count == 40, "both name the server's run_id: \(readings)")
    // As after a restart between the two shards: its hash has another seed, and a key another place.
    try await usage.place.execute(
      "update oneshot.usage_days set reading = 'another life' where shard = 0; delete from merchant_usage")
    #expect(try await run(usage, shard: 1, of: 2).count("scanned") == 0, "its own day is done")
    let again = try await run(usage, shard: 0, of: 2)
    #expect(again.count("inserted") ?? 0 > Self.count / 3 && again.count("lost_days") == 0, "\(again.output)")
    #expect(
      try await usage.place.rows("select distinct reading as a from oneshot.usage_days") == readings)
  }

  @Test func `a role that may not ask for the server's life reads all keys and takes its merchants`() async throws {
    let usage = try await manyCounters()
    let user = usage.place.own("uninformed")
    try await usage.place.redis("ACL", "SETUSER", user, "on", "nopass", "~*", "+@all", "-info")
    let url = usage.place.redisURL.replacing("unix://", with: "unix://\(user):any@")
    var matched: [Int] = []
    for index in 0..<2 {
      let run = try await run(usage, shard: index, of: 2, ["REDIS_URL": url])
      #expect(run.exitCode == 0 && run.count("scanned") == Self.count, "\(run.output)")
      matched.append(run.count("matched") ?? 0)
    }
    try await usage.place.redis("ACL", "DELUSER", user)
    #expect(matched.reduce(0, +) == Self.count)
    #expect(try await usage.place.value(stored) == Self.all)
    #expect(try await usage.place.value("select count(*) from oneshot.usage_days where reading = ''") == "2")
  }

  @Test func `shares have every key that stays while the table grows and shrinks`() async throws {
    let usage = try await Usage()
    func change(_ command: String, _ numbers: Range<Int>) async throws {
      try await usage.place.redis(
        all: numbers.map {
          command == "SET" ? RedisCommand("SET", "passing:\($0)", "1") : RedisCommand("DEL", "passing:\($0)")
        })
    }
    let staying = 9000
    try await usage.place.redis(all: (0..<staying).map { RedisCommand("SET", "staying:\($0)", "1") })
    var (seen, waves) = ([String: Set<Int>](), 0)
    for index in 0..<5 {
      let share = ScanShare(index, of: 5)
      var cursor = share.firstCursor
      while true {
        let answer = try await usage.place.redis("SCAN", cursor, "COUNT", "300").elements
        let next = try #require(answer.first?.text)
        for key in answer[1].elements.compactMap(\.text) where key.hasPrefix("staying:") {
          seen[key, default: []].insert(index)
        }
        #expect(share.isOrdered(next, after: cursor))
        guard share.has(next) else { break }
        cursor = next
        // Eight times as many keys, then few again: between the pages, so that a resize is under way at most of them.
        waves += 1
        let numbers = waves % 8 * 9000..<(waves % 8 + 1) * 9000
        try await change(waves / 8 % 2 == 0 ? "SET" : "DEL", numbers)
      }
    }
    #expect(waves > 16, "it grew and shrank")
    #expect(seen.count == staying)
  }

  @Test func `shares meet without a gap, and few buckets are read twice rather than not`() async throws {
    let usage = try await Usage()
    try await usage.set(Dictionary(uniqueKeysWithValues: (0..<50).map { ("m\($0):2025-11-07:x", "1") }))
    for count in [1, 2, 3, 7, 16, 100] {
      var seen: Set<String> = []
      for index in 0..<count {
        let share = ScanShare(index, of: count)
        var cursor = share.firstCursor
        while true {
          let answer = try await usage.place.redis("SCAN", cursor, "COUNT", "1").elements
          seen.formUnion(answer[1].elements.compactMap(\.text))
          cursor = answer[0].text ?? "0"
          guard share.has(cursor) else { break }
        }
      }
      #expect(seen.count == 50, "\(count) shares")
    }
  }

  @Test func `a cursor that goes back is no place`() {
    let share = ScanShare(1, of: 2)
    #expect(share.firstCursor == "1")
    #expect(share.isOrdered("3", after: "1") && share.isOrdered("0", after: "3"))
    #expect(!share.isOrdered("1", after: "3") && !share.isOrdered("2", after: "1") && !share.isOrdered("x", after: "1"))
    #expect(ScanShare.whole.isOrdered("x", after: "7") && ScanShare.whole.has("x") && !ScanShare.whole.has("0"))
    #expect(ScanShare(0, of: 2).has("2") && !ScanShare(0, of: 2).has("1") && !ScanShare(0, of: 2).has("0"))
  }
}
