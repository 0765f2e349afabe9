import Redis
import TestSupport
import Testing

@Suite struct CommandTests {
  @Test func `a value of each kind is told from the others`() async throws {
    let place = try await Place(migrated: false)
    #expect(try await place.redis("PING") == .status("PONG"))
    #expect(try await place.redis("GET", "nothing") == .null)
    #expect(try await place.redis("SET", "text", "ü") == .status("OK"))
    #expect(try await place.redis("GET", "text") == .bytes(Array("ü".utf8)))
    #expect(try await place.redis("SET", "empty", "") == .status("OK"))
    #expect(try await place.redis("GET", "empty") == .bytes([]))
    #expect(try await place.redis("STRLEN", "text") == .integer(2))
    #expect(try await place.redis("DECRBY", "number", "\(Int64.max)") == .integer(-Int64.max))
    #expect(
      try await place.redis("MGET", "text", "nothing", "empty").elements == [.bytes([0xC3, 0xBC]), .null, .bytes([])])
    #expect(try await place.redis("KEYS", "zzz") == .array([]))
    let nested = try await place.redis("EVAL", "return {1, {'two', {}, false}, redis.error_reply('ODD one')}", "0")
    #expect(
      nested
        == .array([
          .integer(1), .array([.bytes(Array("two".utf8)), .array([]), .null]), .error(code: "ODD", message: "one"),
        ]))
  }

  @Test(arguments: RedisRead.Name.allCases)
  func `what a job may send only reads, as Redis itself says`(name: RedisRead.Name) async throws {
    let place = try await Place(migrated: false)
    let about = try await place.redis("COMMAND", "INFO", RedisRead(name).command.name).elements
    // Its name, how many arguments it takes, and its flags.
    let flags = try #require(about.first?.elements.dropFirst(2).first).elements.compactMap(\.text)
    #expect(flags.contains("readonly"), "\(flags)")
  }

  /// Not the bare bytes: an argument stands in the log, and these are up to three million.
  struct Argument: Sendable, CustomTestStringConvertible {
    var bytes: [UInt8]

    var testDescription: String { "\(bytes.count) bytes, the first \(bytes.prefix(12))" }
  }

  @Test(
    arguments: [
      [0x00], [0xFF, 0xFE], Array("a\0b\r\n$3\r\n*1".utf8), Array("* ? [a]".utf8), Array("😀".utf8), [],
      [UInt8](repeating: 7, count: 3_000_000),
    ].map { Argument(bytes: $0) })
  func `an argument of any bytes arrives as it is`(argument: Argument) async throws {
    let bytes = argument.bytes
    let place = try await Place(migrated: false)
    try await place.redis.withSession { session in
      try session.command(RedisCommand("SET", bytes: [bytes, bytes]))
      #expect(try session.command(RedisCommand("GET", bytes: [bytes])) == .bytes(bytes))
    }
  }

  @Test func `a pipeline answers each command, errors of single ones included`() async throws {
    let place = try await Place(migrated: false)
    let answers = try await place.redis.withSession { session in
      try session.pipeline([
        RedisCommand("SET", "a", "word"), RedisCommand("INCR", "a"), RedisCommand("LPUSH", "a", "x"),
        RedisCommand("NOSUCH"), RedisCommand("GET", "a"),
      ])
    }
    #expect(answers.count == 5)
    #expect(answers[0] == .status("OK"))
    #expect(answers[1] == .error(code: "ERR", message: "value is not an integer or out of range"))
    guard case .error("WRONGTYPE", _) = answers[2], case .error("ERR", _) = answers[3] else {
      Issue.record("\(answers)")
      return
    }
    #expect(answers[4].text == "word")
    #expect(try await place.redis("PING").text == "PONG")
  }

  @Test func `ten thousand commands are answered in their order`() async throws {
    let place = try await Place(migrated: false)
    let answers = try await place.redis.withSession { session in
      try session.pipeline((0..<10_000).map { RedisCommand("ECHO", "\($0)") })
    }
    #expect(answers.map(\.text) == (0..<10_000).map { "\($0)" })
    #expect(try await place.redis.withSession { session in try session.pipeline([RedisCommand]()) } == [])
  }

  @Test func `large commands and large answers together do not stall`() async throws {
    let place = try await Place(migrated: false)
    let large = String(repeating: "x", count: 100_000)
    let answers = try await place.redis.withSession { session in
      try session.pipeline((0..<500).map { _ in RedisCommand("ECHO", large) })
    }
    #expect(answers.allSatisfy { $0.text == large })
    #expect(answers.count == 500)
  }

  @Test func `an error of the server is thrown with its word and the connection goes on`() async throws {
    let place = try await Place(migrated: false)
    try await place.redis("RPUSH", "list", "x")
    let before = try await place.redis("CLIENT", "ID")
    let error = try await redisError { try await place.redis("GET", "list") }
    #expect(error.code == "WRONGTYPE")
    #expect(!error.isTransient)
    #expect("\(error)".contains("WRONGTYPE Operation against a key"))
    #expect(try await place.redis("CLIENT", "ID") == before)
  }

  @Test func `a text that is no UTF-8 has bytes and no text`() async throws {
    let value = RedisValue.bytes([0x61, 0xFF])
    #expect(value.text == nil)
    #expect(RedisValue.null.elements.isEmpty)
    #expect(RedisValue.status("1").integer == nil)
  }

  @Test func `answers that nobody took make the connection go`() async throws {
    let place = try await Place(migrated: false)
    try await place.redis.withSession { session in try session.send(RedisCommand("ECHO", "late")) }
    #expect(try await place.redis("ECHO", "own").text == "own")
  }

  @Test func `commands sent ahead are answered in their order`() async throws {
    let place = try await Place(migrated: false)
    let (first, second) = try await place.redis.withSession { session in
      try session.send(RedisCommand("ECHO", "1"))
      try session.send(RedisCommand("ECHO", "2"))
      return (try session.receiveValue(), try session.receive().value)
    }
    #expect(first.text == "1")
    #expect(second.text == "2")
  }

  @Test func `READONLY as one answer of several makes the connection go, too`() async throws {
    let redis = try await RedisServer()
    let before = try await redis("CLIENT", "ID")
    try await redis("REPLICAOF", "127.0.0.1", "1")
    let error = try await redisError {
      try await redis.connection.withSession { session in
        let answers = try session.pipeline([RedisCommand("PING"), RedisCommand("SET", "a", "1"), RedisCommand("PING")])
        guard case .error(let code, let message) = answers[1] else { return }
        throw RedisError.server(code: code, message: message)
      }
    }
    #expect(error.code == "READONLY")
    // Only a new connection finds the new primary.
    #expect(try await redis("CLIENT", "ID") != before)
  }
}
