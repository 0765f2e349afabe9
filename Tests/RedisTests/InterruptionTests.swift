import Foundation
import Redis
import TestSupport
import Testing

@Suite struct InterruptionTests {
  private func connection(_ place: Place, timeout: Duration) throws -> RedisConnection {
    RedisConnection(try RedisAddress.read(place.redisURL), clientName: "other", commandTimeout: timeout)
  }

  @Test(.timeLimit(.minutes(10)))
  func `a late answer is never taken for another question's`() async throws {
    let place = try await Place(migrated: false)
    let other = try connection(place, timeout: .seconds(3))
    let before = try await other.withSession { session in try session.command(RedisCommand("CLIENT", "ID")) }
    let error = try await redisError {
      try await other.withSession { session in try session.command(RedisCommand("BLPOP", "list", "30")) }
    }
    #expect(error.isTimedOut)
    #expect(error.isTransient)
    // Now the late answer would come; nobody must get it.
    try await place.redis("RPUSH", "list", "late")
    for number in 0..<20 {
      let own = try await other.withSession { session in try session.command(RedisCommand("ECHO", "own \(number)")) }
      #expect(own.text == "own \(number)")
    }
    let after = try await other.withSession { session in try session.command(RedisCommand("CLIENT", "ID")) }
    #expect(after != before)
  }

  @Test(.timeLimit(.minutes(10)))
  func `after a timeout the borrowed session is dead for good`() async throws {
    let place = try await Place(migrated: false)
    let other = try connection(place, timeout: .seconds(3))
    let error = try await redisError {
      try await other.withSession { session in
        _ = try? session.command(RedisCommand("BLPOP", "list", "30"))
        return try session.command(RedisCommand("ECHO", "x"))
      }
    }
    #expect(error.isConnection)
    #expect(try await place.redis("PING").text == "PONG")
  }

  @Test(.timeLimit(.minutes(10)))
  func `a server that stands still is noticed`() async throws {
    let servers = try PrivateServers()
    let other = RedisConnection(
      try RedisAddress.read(servers.redisURL), clientName: "other", connectTimeout: .seconds(3),
      commandTimeout: .seconds(3))
    let pid = try #require(
      Int32(String(contentsOfFile: servers.folder + "/redis.pid", encoding: .utf8).prefix { $0.isNumber }))
    try await other.withSession { session in try session.command(RedisCommand("PING")) }
    kill(pid, SIGSTOP)
    defer { kill(pid, SIGCONT) }
    let error = try await redisError {
      try await other.withSession { session in try session.command(RedisCommand("ECHO", "x")) }
    }
    #expect(error.isTimedOut)
    // A new connection meets the same silence already while it introduces itself.
    let anew = try await redisError {
      try await other.withSession { session in try session.command(RedisCommand("ECHO", "x")) }
    }
    #expect(anew.isTimedOut)
    kill(pid, SIGCONT)
    let own = try await other.withSession { session in try session.command(RedisCommand("ECHO", "own")) }
    #expect(own.text == "own")
    withExtendedLifetime(servers) {}
  }

  @Test(.timeLimit(.minutes(10)))
  func `a connection that the server closes is lost and the next call makes another`() async throws {
    let place = try await Place(migrated: false)
    let other = try connection(place, timeout: .seconds(30))
    let id = try await other.withSession { session in
      try session.command(RedisCommand("CLIENT", "ID")).integer
    }
    #expect(try await place.redis("CLIENT", "KILL", "ID", "\(try #require(id))").integer == 1)
    let error = try await redisError {
      try await other.withSession { session in try session.command(RedisCommand("PING")) }
    }
    #expect(error.isConnection)
    #expect(error.isTransient)
    let own = try await other.withSession { session in try session.command(RedisCommand("ECHO", "own")) }
    #expect(own.text == "own")
  }

  @Test(.timeLimit(.minutes(10)))
  func `cancelling the task wakes a command that waits`() async throws {
    let place = try await Place(migrated: false)
    let other = try connection(place, timeout: .seconds(600))
    let task = Task {
      try await other.withSession { session in try session.command(RedisCommand("BLPOP", "list", "0")) }
    }
    try await eventually { try await place.redis("CLIENT", "LIST").text?.contains("cmd=blpop") == true }
    task.cancel()
    let error = try await redisError { try await task.value }
    #expect(error == .cancelled)
    try await place.redis("RPUSH", "list", "late")
    let own = try await other.withSession { session in try session.command(RedisCommand("ECHO", "own")) }
    #expect(own.text == "own")
  }

  @Test(.timeLimit(.minutes(10)))
  func `a task that is cancelled already gets no connection`() async throws {
    let other = RedisConnection(try RedisAddress.read("redis://127.0.0.1:1"), clientName: "other")
    let task = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      try await other.withSession { session in try session.command(RedisCommand("PING")) }
    }
    await #expect(throws: RedisError.self) { try await task.value }
  }

  @Test(arguments: ["redis://127.0.0.1:1", "unix:///nowhere/at/all", "redis://no-such-name.invalid"])
  func `a server that is not there is out of reach`(url: String) async throws {
    let other = RedisConnection(try RedisAddress.read(url), clientName: "other")
    let error = try await redisError {
      try await other.withSession { session in try session.command(RedisCommand("PING")) }
    }
    #expect(error.isConnection)
    #expect(error.isTransient)
  }
}
