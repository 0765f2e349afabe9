import Foundation
import Redis
import TestSupport
import Testing

/// Row 7: Redis answers, but not what it was asked for.
@Suite(.timeLimit(.minutes(10))) struct RedisAnswersTests {
  /// What a Redis says, and how to make it say so, and stop.
  enum Passing: String, CaseIterable {
    case loading = "LOADING"
    case readOnly = "READONLY"
    case busy = "BUSY"
    case noReplicas = "NOREPLICAS"
  }

  @Test(arguments: Passing.allCases)
  func `7: what passes by itself is tried again, until it has passed`(cause: Passing) async throws {
    let usage = try await Usage()
    let troubled = try await Troubled(cause)
    let settings = ["REDIS_URL": troubled.redis.url, "JOB_BACKOFF_MAX": "100ms"]

    let short = try await usage.run([], settings.merging(["JOB_ATTEMPTS": "2"]) { $1 })
    #expect(short.exitCode == 69)
    #expect(short.result["error", "kind"].string == "unavailable")
    #expect(short.result["error", "message"].string?.contains(cause.rawValue) == true)
    #expect(short.result["error", "hint"].isThere)

    let patient = try LoggedRun(usage.environment(settings.merging(["JOB_ATTEMPTS": "100"]) { $1 }))
    try await patient.until(logs: "trying again")
    try await troubled.heal()
    let outcome = await patient.outcome()
    #expect(outcome.exitCode == 0, "\(outcome.output)")
    #expect(try await usage.stored() == ["m:2025-11-07:x": "5"])
    #expect(try await troubled.redis("EXISTS", Usage.lockKey).integer == 0)
  }

  /// A Redis with one counter, in trouble until it is healed.
  private struct Troubled {
    let redis: RedisServer
    private let cause: Passing
    private let primary: RedisServer?

    init(_ cause: Passing) async throws {
      self.cause = cause
      let counter = ("usage:m:2025-11-07:x", "5")
      switch cause {
      case .loading:
        // Of a dump with a few large keys it looks up between any two of them, to say that it is loading.
        let before = try await RedisServer(["--rdbcompression", "no"])
        try await before("SET", counter.0, counter.1)
        for number in 0..<1000 { try await before("SET", "filler\(number)", String(repeating: "x", count: 2000)) }
        try await before("SAVE")
        redis = try await RedisServer(
          ["--key-load-delay", "100000", "--loading-process-events-interval-bytes", "1024"], takingOver: before)
        primary = nil
      case .readOnly:
        let port = try Socket.freePort()
        let primary = try await RedisServer(["--port", "\(port)", "--repl-diskless-sync-delay", "0"])
        try await primary("SET", counter.0, counter.1)
        let replica = try await RedisServer(["--replicaof", "127.0.0.1", "\(port)"])
        try await eventually {
          try await replica("INFO", "replication").text?.contains("master_link_status:up") == true
        }
        (redis, self.primary) = (replica, primary)
      case .busy:
        let busy = try await RedisServer(["--busy-reply-threshold", "10"])
        try await busy("SET", counter.0, counter.1)
        let looping = RedisConnection(busy.address, clientName: "loop", commandTimeout: .seconds(120))
        Task { try? await looping.withSession { try $0.command(RedisCommand("EVAL", "while true do end", "0")) } }
        try await eventually {
          do { return try await busy("GET", counter.0).text == nil } catch RedisError.server("BUSY", _) { return true }
        }
        (redis, primary) = (busy, nil)
      case .noReplicas:
        (redis, primary) = (try await RedisServer(), nil)
        try await redis("SET", counter.0, counter.1)
        try await redis("CONFIG", "SET", "min-replicas-to-write", "1")
      }
    }

    func heal() async throws {
      switch cause {
      case .loading: try await redis("CONFIG", "SET", "key-load-delay", "0")
      case .readOnly: try await redis("REPLICAOF", "NO", "ONE")
      case .busy: try await redis("SCRIPT", "KILL")
      case .noReplicas: try await redis("CONFIG", "SET", "min-replicas-to-write", "0")
      }
    }
  }

  @Test func `7: what does not pass by itself ends the run with a hint, and nothing is written`() async throws {
    let usage = try await Usage()
    let data = try TemporaryFolder()
    let redis = try await RedisServer(["--save", "3600 1", "--dir", data.path])
    try await redis("SET", "usage:m:2025-11-07:x", "5")

    func expect(_ code: String, _ exitCode: Int32, _ kind: String, as user: String = "") async throws {
      let url = redis.url.replacing("unix://", with: "unix://\(user)")
      let run = try await usage.run([], ["REDIS_URL": url])
      let comment = Comment(rawValue: "\(code): \(run.output)")
      #expect(run.exitCode == exitCode && run.result["error", "kind"].string == kind, comment)
      #expect(run.result["error", "message"].string?.contains(code) == true, comment)
      #expect(run.result["error", "hint"].isThere, comment)
      #expect(!run.errors.contains("trying again"), comment)
      #expect(try await usage.stored().isEmpty, comment)
    }

    try await redis("ACL", "SETUSER", "guest", "on", ">secret", "~usage:*", "+@read", "+select")
    try await expect("WRONGPASS", 77, "denied", as: "guest:wrong@")
    try await expect("NOPERM", 77, "denied", as: "guest:secret@")
    // It may take the lock, and not read: the refusal comes in the middle of the work.
    try await redis("ACL", "SETUSER", "locker", "on", ">secret", "~oneshot:*", "+@all")
    try await expect("NOPERM", 77, "denied", as: "locker:secret@")
    #expect(try await redis("EXISTS", Usage.lockKey).integer == 0)
    try await redis("CONFIG", "SET", "requirepass", "everyone's")
    try await expect("NOAUTH", 77, "denied")
    try await redis("CONFIG", "SET", "requirepass", "")
    try await redis("CONFIG", "SET", "maxmemory", "1")
    try await expect("OOM", 70, "internal")
    try await redis("CONFIG", "SET", "maxmemory", "0")
    // Its folder is gone, so it cannot save, and takes no more writes.
    try FileManager.default.removeItem(atPath: data.path)
    try await redis("BGSAVE")
    try await eventually { try await redis("INFO", "persistence").text?.contains("last_bgsave_status:err") == true }
    try await expect("MISCONF", 70, "internal")
  }
}
