import Redis
import TestSupport
import Testing

@Suite struct ScanTests {
  @Test func `pages of a scan and their values equal the keys that are there`() async throws {
    let place = try await Place(migrated: false)
    var model: [[UInt8]: [UInt8]] = [:]
    for number in 0..<5000 {
      model[Array("usage:\(number)".utf8) + [0x00, 0xFF, UInt8(number % 256)]] = Array("\(number * 7)".utf8)
    }
    try await place.redis(all: model.map { RedisCommand("SET", bytes: [$0.key, $0.value]) })
    try await place.redis("SET", "other", "1")
    let found = try await place.redis.withSession { session in
      var found: [[UInt8]: [UInt8]] = [:]
      var cursor = "0"
      repeat {
        try session.sendScan(cursor: cursor, match: "usage:*", count: 100)
        let page = try session.receiveScanPage()
        cursor = page.cursor
        guard page.count > 0 else { continue }
        let keys = (0..<page.count).compactMap { page.key(at: $0) }
        try session.send("MGET", lent: keys)
        let values = try session.receive()
        #expect(values.count == keys.count)
        for (index, key) in keys.enumerated() {
          found[[UInt8](key)] = values.string(at: index).map { [UInt8]($0) }
        }
      } while cursor != "0"
      return found
    }
    #expect(found == model)
  }

  @Test func `what is no string has no bytes in a lent answer`() async throws {
    let place = try await Place(migrated: false)
    try await place.redis("SET", "a", "1")
    try await place.redis("RPUSH", "list", "x")
    let (there, missing, list) = try await place.redis.withSession { session in
      try session.send(RedisCommand("MGET", "a", "nothing", "list"))
      let reply = try session.receive()
      return (reply.string(at: 0).map { [UInt8]($0) }, reply.string(at: 1) == nil, reply.string(at: 2) == nil)
    }
    #expect(there == Array("1".utf8))
    #expect(missing)
    #expect(list)
  }

  @Test func `an answer that is no page of keys is no page`() async throws {
    let place = try await Place(migrated: false)
    let error = try await redisError {
      try await place.redis.withSession { session in
        try session.send(RedisCommand("PING"))
        return try session.receiveScanPage().count
      }
    }
    guard case .unexpectedReply = error else {
      Issue.record("\(error)")
      return
    }
  }

  @Test func `an empty database answers one empty page`() async throws {
    let place = try await Place(migrated: false)
    let (count, cursor) = try await place.redis.withSession { session in
      try session.sendScan(cursor: "0", match: "*", count: 10)
      let page = try session.receiveScanPage()
      return (page.count, page.cursor)
    }
    #expect(count == 0)
    #expect(cursor == "0")
  }
}
