import Redis
import TestSupport
import Testing

/// A value that cannot be a counter is not fetched, so memory does not grow with it.
@Suite(.timeLimit(.minutes(10))) struct LargeValueTests {
  /// A Redis of its own, which nobody else waits for, with good counters and texts of so many bytes, made by the server.
  private func redis(good: Int, large: Int, bytes: Int) async throws -> RedisServer {
    let redis = try await RedisServer()
    try await redis.connection.withSession { session in
      let answers = try session.pipeline(
        (0..<good).map { RedisCommand("SET", "usage:m\($0):2025-11-05:x", "\($0)") }
          + (0..<large).map { RedisCommand("SETRANGE", "usage:large\($0):2025-11-05:x", "\(bytes - 1)", "x") })
      for case .error(let code, let message) in answers { throw RedisError.server(code: code, message: message) }
    }
    return redis
  }

  private func good(_ count: Int) -> [String: String] {
    Dictionary(uniqueKeysWithValues: (0..<count).map { ("m\($0):2025-11-05:x", "\($0)") })
  }

  @Test func `one text of 150 MB is a dead letter and the counters beside it are written`() async throws {
    let (usage, redis) = (try await Usage(), try await redis(good: 20, large: 1, bytes: 150_000_000))
    let run = try await usage.runInLittleMemory(["REDIS_URL": redis.url])
    #expect(run.exitCode == 65, "\(run.output)\(run.errors)")
    #expect(try await usage.stored() == good(20))
    #expect(try await usage.deadLetters() == ["usage:large0:2025-11-05:x": "not_integer/pending/1"])
  }

  @Test func `300 texts of 1 MB are dead letters and the counters beside them are written`() async throws {
    let (usage, redis) = (try await Usage(), try await redis(good: 2000, large: 300, bytes: 1_000_000))
    let run = try await usage.runInLittleMemory(["REDIS_URL": redis.url])
    #expect(run.exitCode == 65, "\(run.output)\(run.errors)")
    #expect(try await usage.stored() == good(2000))
    #expect(run.count("failed") == 300 && run.count("scanned") == 2300 && run.count("vanished") == 0)
  }

  @Test func `an answer that is given up halfway costs no counter and counts none twice`() async throws {
    // So many that the first page, which is read key by key, is a small part.
    let (usage, redis) = (try await Usage(), try await redis(good: 30_000, large: 8, bytes: 20_000_000))
    try await redis("SET", "usage:word:2025-11-05:x", "?")
    let run = try await usage.runInLittleMemory(["REDIS_URL": redis.url])
    #expect(run.exitCode == 65, "\(run.output)\(run.errors)")
    #expect(run.count("scanned") == 30_009 && run.count("matched") == 30_009 && run.count("inserted") == 30_000)
    #expect(run.count("failed") == 9 && run.count("vanished") == 0)
    #expect(run.result["errors_total"].int == 9)
    #expect(try await usage.stored() == good(30_000))
  }
}
