import Foundation
import Postgres
import Redis
import TestSupport
import Testing

/// The tests' own proxy and server control do what the tests of faults rely on.
@Suite(.timeLimit(.minutes(10))) struct ProxyTests {
  private func redis(through proxy: Proxy, timeout: Duration = .seconds(10)) throws -> RedisConnection {
    var problem = ""
    let address = try #require(RedisAddress(url: "redis://127.0.0.1:\(proxy.port)", problem: &problem))
    return RedisConnection(address, clientName: "proxied", connectTimeout: timeout, commandTimeout: timeout)
  }

  private func echo(_ text: String, _ connection: RedisConnection) async throws -> String? {
    try await connection.withSession { session in try session.command(RedisCommand("ECHO", text)).text }
  }

  private func echoFails(_ connection: RedisConnection) async -> Bool {
    do { return try await echo("x", connection) == nil } catch { return true }
  }

  @Test func `what is passed arrives, and is counted and kept`() async throws {
    let place = try await Place()
    let proxy = try Proxy(to: place.servers.redisSocket)
    defer { proxy.close() }
    let connection = try redis(through: proxy)
    #expect(try await echo("hello", connection) == "hello")
    #expect(proxy.connections == 1)
    #expect(proxy.bytes(.toClient) == "+OK\r\n$5\r\nhello\r\n".utf8.count)
    #expect(proxy.conversation.contains { $0.contains("ECHO") && $0.direction == .toServer })
    #expect(proxy.conversation.contains { $0.answers("ECHO") && $0.contains("hello") })
  }

  @Test func `a binary works through it as without it`() async throws {
    let place = try await Place()
    let postgres = try Proxy(to: place.servers.postgresSocket)
    let redis = try Proxy(to: place.servers.redisSocket)
    defer {
      postgres.close()
      redis.close()
    }
    let run = try await Binary("usage-aggregation").run([], place.environment(postgres: postgres, redis: redis))
    #expect(run.exitCode == 0)
    #expect(postgres.connections > 0 && redis.connections > 0)
  }

  @Test(arguments: Proxy.Ending.allCases)
  func `a cut ends the connection after that byte, and only that one`(ending: Proxy.Ending) async throws {
    let place = try await Place()
    let proxy = try Proxy(to: place.servers.redisSocket) { piece in
      piece.connection == 1 && piece.answers("ECHO") ? .cut(after: 3, ending) : .pass
    }
    defer { proxy.close() }
    let connection = try redis(through: proxy)
    #expect(await echoFails(connection))
    #expect(try await echo("again", connection) == "again")
    #expect(proxy.connections == 2)
  }

  @Test func `a refused connection never reaches the server`() async throws {
    let place = try await Place()
    let proxy = try Proxy(to: place.servers.redisSocket) { piece in piece.isOpening ? .cut() : .pass }
    defer { proxy.close() }
    #expect(await echoFails(try redis(through: proxy)))
    #expect(proxy.bytes(.toClient) == 0)
  }

  @Test func `what is held arrives when it is released, and not before`() async throws {
    let place = try await Place()
    let proxy = try Proxy(to: place.servers.redisSocket) { piece in piece.contains("SET\r\n") ? .hold() : .pass }
    defer { proxy.close() }
    let connection = try redis(through: proxy, timeout: .seconds(3))
    await #expect(throws: RedisError.self) {
      try await connection.withSession { session in try session.command(RedisCommand("SET", "\(proxy.port)", "1")) }
    }
    let isSet = {
      try await connection.withSession { session in
        try session.command(RedisCommand("DEL", "\(proxy.port)")).integer == 1
      }
    }
    #expect(try await !isSet())
    proxy.release()
    try await eventually { try await isSet() }
  }

  @Test func `closing ends everything`() async throws {
    let place = try await Place()
    let proxy = try Proxy(to: place.servers.redisSocket)
    let connection = try redis(through: proxy)
    #expect(try await echo("x", connection) == "x")
    proxy.close()
    proxy.close()
    #expect(await echoFails(connection))
    #expect(await echoFails(connection))
  }

  @Test func `servers of a test's own can be stopped, paused and started again`() async throws {
    let servers = try await PrivateServers.start()
    let place = try await Place(on: servers)
    for how in PrivateServers.Shutdown.allCases {
      let before = try await place.value("pg_postmaster_start_time()")
      try await onThread { try servers.restartPostgres(how) }
      await place.reconnect()
      #expect(try await place.value("pg_postmaster_start_time()") != before)
      #expect(try await place.value("current_setting('fsync')") == "off", "with its options")
    }
    try await place.redis("SET", "k", "v")
    try await onThread {
      try servers.killRedis()
      try servers.startRedis("--maxmemory", "3mb")
    }
    await place.reconnect()
    #expect(try await place.redis("EXISTS", "k").integer == 0)
    #expect(try await place.redis("CONFIG", "GET", "maxmemory").elements.last?.text == "3145728")

    try servers.pauseRedis()
    try servers.pausePostgres()
    let asked = Task { try await "\(place.redis("PING").text ?? "") \(place.value("1"))" }
    try servers.resumeRedis()
    try servers.resumePostgres()
    #expect(try await asked.value == "PONG 1")
  }
}
