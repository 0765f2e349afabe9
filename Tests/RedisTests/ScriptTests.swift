import Redis
import TestSupport
import Testing

@Suite(.serialized) struct ScriptTests {
  private static let script = Script("return {KEYS[1], ARGV[1], redis.call('incr', KEYS[1])}")

  private func calls(_ place: Place) async throws -> RedisValue {
    try await place.redis.withSession { session in
      try session.run(Self.script, keys: ["key"], arguments: ["ü \0 \"x\""])
    }
  }

  @Test func `a script gets its keys and arguments and runs once a call`() async throws {
    let place = try await Place(migrated: false)
    for number in Int64(1)...3 {
      let answer = try await calls(place)
      #expect(answer.elements[0].text == "key")
      #expect(answer.elements[1].text == "ü \0 \"x\"")
      #expect(answer.elements[2].integer == number)
    }
  }

  @Test func `a script that the server has forgotten is given to it again`() async throws {
    let place = try await Place(migrated: false)
    _ = try await calls(place)
    try await place.redis("SCRIPT", "FLUSH")
    #expect(try await calls(place).elements[2].integer == 2)
    #expect(try await calls(place).elements[2].integer == 3)
  }

  @Test func `an error in a script is thrown and the connection goes on`() async throws {
    let place = try await Place(migrated: false)
    for _ in 1...2 {
      let error = try await redisError {
        try await place.redis.withSession { session in
          try session.run(Script("return redis.error_reply('ODD what a day')"), keys: [])
        }
      }
      #expect(error == .server(code: "ODD", message: "what a day"))
    }
    let broken = try await redisError {
      try await place.redis.withSession { session in try session.run(Script("return ("), keys: []) }
    }
    #expect(broken.code == "ERR")
    #expect(try await place.redis("ECHO", "x").text == "x")
  }
}
