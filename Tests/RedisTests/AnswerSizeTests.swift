import TestSupport
import Testing

@testable import Redis

/// hiredis keeps an answer whole, so one that does not end is given up.
@Suite(.timeLimit(.minutes(5))) struct AnswerSizeTests {
  /// A value of 40 MB, and an array of numbers that hiredis makes twenty times as large.
  @Test(arguments: [
    "return string.rep(string.rep('x', 10000), 4000)",
    "local numbers = {} for number = 1, 1000000 do numbers[number] = 1 end return numbers",
  ])
  func `an answer that takes more than any may is given up, and the next command has a new connection`(
    script: String
  ) async throws {
    let place = try await Place(migrated: false)
    let redis = try place.newRedisConnection()
    let error = try await #require(throws: RedisError.self) {
      try await redis.withSession { session in try session.command(RedisCommand("EVAL", script, "0")) }
    }
    #expect(error == .tooLarge("the answer to EVAL takes more than 16 MiB, and was given up"))
    #expect(!error.isTransient)
    #expect(try await redis.withSession { session in try session.command(RedisCommand("PING")) } == .status("PONG"))
    await redis.close()
  }

  @Test func `a text of line feeds is as large as it is`() async throws {
    let place = try await Place(migrated: false)
    let text = "return string.rep(string.rep('\\n', 1000), 8000)"
    let answer = try await place.redis("EVAL", text, "0")
    guard case .bytes(let bytes) = answer else { throw TestFailure("no text") }
    #expect(bytes.count == 8_000_000)
  }
}
