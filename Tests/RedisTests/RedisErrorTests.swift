import Redis
import Testing

@Suite struct RedisErrorTests {
  @Test(arguments: ["LOADING", "BUSY", "TRYAGAIN", "CLUSTERDOWN", "MASTERDOWN", "READONLY", "NOREPLICAS"])
  func `words of the server for what passes are transient`(code: String) {
    #expect(RedisError.server(code: code, message: "").isTransient)
    #expect(!RedisError.server(code: code, message: "").isDenied)
  }

  @Test(arguments: ["ERR", "WRONGTYPE", "OOM", "MISCONF", "NOSCRIPT", "EXECABORT", "BUSYGROUP", "NOAUTH", "loading"])
  func `other words are final`(code: String) {
    #expect(!RedisError.server(code: code, message: "").isTransient)
  }

  @Test(arguments: ["NOAUTH", "WRONGPASS", "NOPERM"])
  func `a refusal is told apart`(code: String) {
    #expect(RedisError.server(code: code, message: "").isDenied)
    #expect(RedisError.server(code: "ERR", message: "invalid password").isDenied)
    #expect(!RedisError.server(code: "ERR", message: "syntax error").isDenied)
    #expect(!RedisError.connection("x").isDenied)
  }

  @Test func `an error of the connection passes and a reply out of place does not`() {
    #expect(RedisError.connection("x").isTransient)
    #expect(RedisError.timedOut("x").isTransient)
    #expect(!RedisError.cancelled.isTransient)
    #expect(!RedisError.unexpectedReply("x").isTransient)
  }
}
