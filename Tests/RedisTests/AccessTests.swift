import Redis
import TestSupport
import Testing

@Suite struct AccessTests {
  @Test func `users passwords and rights are the server's word, typed`() async throws {
    let servers = try PrivateServers()
    let admin = RedisConnection(try RedisAddress.read(servers.redisURL), clientName: "admin")
    _ = try await admin.withSession { session in
      try session.command(
        RedisCommand("ACL", "SETUSER", "guest", "on", ">right:p@ss/word", "~*", "+get", "+auth", "+select"))
    }
    func answer(_ who: String, _ words: RedisCommand) async throws -> RedisValue {
      let url = servers.redisURL.replacing("unix://", with: "unix://\(who)@")
      let connection = RedisConnection(try RedisAddress.read(url), clientName: "guest")
      return try await connection.withSession { session in try session.command(words) }
    }
    let wrong = try await redisError { try await answer("guest:hunter2", RedisCommand("GET", "a")) }
    #expect(wrong.code == "WRONGPASS")
    #expect(wrong.isDenied)
    #expect(!wrong.isTransient)
    #expect(!"\(wrong)".contains("hunter2"))
    // The name of the client is refused to this user, which does no harm.
    #expect(try await answer("guest:right%3Ap%40ss%2Fword", RedisCommand("GET", "a")) == .null)
    let forbidden = try await redisError {
      try await answer("guest:right%3Ap%40ss%2Fword", RedisCommand("SET", "a", "1"))
    }
    #expect(forbidden.code == "NOPERM")
    #expect(forbidden.isDenied)

    _ = try await admin.withSession { session in
      try session.command(RedisCommand("CONFIG", "SET", "requirepass", "everyone's"))
    }
    let nobody = try await redisError {
      try await RedisConnection(try RedisAddress.read(servers.redisURL), clientName: "nobody")
        .withSession { session in try session.command(RedisCommand("GET", "a")) }
    }
    #expect(nobody.code == "NOAUTH")
    #expect(nobody.isDenied)
    #expect(try await answer(":everyone%27s", RedisCommand("GET", "a")) == .null)
    // Or the script could not shut it down.
    _ = try await admin.withSession { session in try session.command(RedisCommand("CONFIG", "SET", "requirepass", "")) }
    withExtendedLifetime(servers) {}
  }

  @Test func `a database number that the server has not is its error`() async throws {
    let place = try await Place(migrated: false)
    var address = try RedisAddress.read(place.redisURL)
    address.database = 60_000
    let connection = RedisConnection(address, clientName: "tests")
    let error = try await redisError {
      try await connection.withSession { session in try session.command(RedisCommand("PING")) }
    }
    #expect(error.code == "ERR")
  }

  @Test func `a connection uses the database of its address and shows its name`() async throws {
    let place = try await Place(migrated: false)
    let number = try RedisAddress.read(place.redisURL).database
    let info = try await place.redis("CLIENT", "INFO").text ?? ""
    #expect(info.contains(" db=\(number) "))
    #expect(info.contains(" name=tests "))
  }

  @Test func `an address that wants TLS is never spoken to in the clear`() async throws {
    let connection = RedisConnection(try RedisAddress.read("rediss://127.0.0.1:1"), clientName: "tests")
    let error = try await redisError {
      try await connection.withSession { session in try session.command(RedisCommand("PING")) }
    }
    guard case .untrusted = error else {
      Issue.record("\(error)")
      return
    }
  }
}
