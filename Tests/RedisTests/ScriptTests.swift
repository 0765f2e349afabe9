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

  private static let counting = Script("return {ARGV[1], redis.call('incr', KEYS[1])}")

  private static func count(to number: Int) -> Script.Call { Script.Call(keys: ["key"], arguments: ["\(number)"]) }

  @Test func `many calls are answered in their order, also those of a script that was lost`() async throws {
    let place = try await Place(migrated: false)
    for _ in 1...2 {
      let answers = try await place.redis.withSession { session in
        var taken: [String] = []
        try session.run(Self.counting, times: 30, Self.count) { index, answer in
          taken.append("\(index) \(answer.elements.first?.text ?? "?")")
        }
        return taken
      }
      #expect(answers == (0..<30).map { "\($0) \($0)" })
      try await place.redis("SCRIPT", "FLUSH")
    }
    #expect(try await place.redis("GET", "key").text == "60")
  }

  @Test func `when an answer is refused no more calls are sent, and the connection goes on`() async throws {
    struct Refused: Error {}
    let place = try await Place(migrated: false)
    let name = try await place.redis("CLIENT", "ID").integer
    let taken = try await place.redis.withSession { session in
      var taken = 0
      do {
        try session.run(Self.counting, times: 1000, Self.count) { index, _ in
          taken += 1
          if index == 3 { throw Refused() }
        }
        Issue.record("it went on")
      } catch is Refused {}
      return taken
    }
    #expect(taken == 4)
    let made = try #require(try await place.redis("GET", "key").text.flatMap(Int.init))
    #expect((4..<20).contains(made), "\(made)")
    #expect(try await place.redis("CLIENT", "ID").integer == name)
  }
}
