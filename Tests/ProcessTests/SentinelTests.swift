import TestSupport
import Testing

/// A Redis whose primary is known to its Sentinels: real ones, and a primary that is killed.
@Suite(.timeLimit(.minutes(10))) struct SentinelTests {
  private let counters = 5000

  /// Counts through the primary, and waits until the replica has it all.
  private func count(on sentinels: Sentinels) async throws {
    let script = "for i = 1, \(counters) do redis.call('set', 'usage:m' .. i .. ':2025-11-07:x', i) end"
    _ = try await Sentinels.answer(sentinels.primary.port, "EVAL", script, "0")
    try await eventually { try await Sentinels.answer(sentinels.replica.port, "DBSIZE") == "\(counters)\n" }
  }

  private func expectAll(_ usage: Usage) async throws {
    #expect(try await usage.place.value("select count(*) from merchant_usage") == "\(counters)")
    #expect(try await usage.place.value("select sum(value) from merchant_usage") == "\(counters * (counters + 1) / 2)")
  }

  @Test func `a failover in the middle of a run is followed, and the service is the same Redis after it`() async throws
  {
    let (usage, sentinels) = (try await Usage(), try await Sentinels())
    defer { withExtendedLifetime(sentinels) {} }
    try await count(on: sentinels)
    let settings = ["REDIS_URL": sentinels.url(), "JOB_FORCE": "false", "JOB_BACKOFF_MAX": "100ms"]
    // Some pages of the keys are read, and some are not.
    let run = try await usage.start(settings, past: "scanned a page")
    try await eventually { try await Sentinels.answer(sentinels.replica.port, "EXISTS", Usage.lockKey) == "1\n" }
    try await sentinels.failOver()
    run.letGo()
    let outcome = await run.process.outcome()
    #expect(outcome.exitCode == 0, "\(outcome.output)")
    try await expectAll(usage)
    #expect(try await Sentinels.answer(sentinels.replica.port, "EXISTS", Usage.lockKey) == "0\n")
    // Not the address of either primary: what one was read for is done.
    let server = try await usage.place.value("select string_agg(distinct server, ' ') from oneshot.fences")
    #expect(server.hasPrefix("mymaster@") && server.hasSuffix("/0") && !server.contains(" "), "\(server)")
    let again = try await usage.run([], settings)
    #expect(again.result["reason"].string == "already_done", "\(again.output)")
    #expect(try await usage.run(["--check"], settings).exitCode == 0)
  }

  @Test func `Sentinels are asked in turn, and what one names has to say itself that it is the primary`() async throws {
    let (usage, sentinels, folder) = (try await Usage(), try await Sentinels(), try TemporaryFolder())
    try await count(on: sentinels)
    let (silent, nobody) = (try Listener(), try Socket.freePort())
    let mistaken = try await Sentinels.watch(sentinels.replica.port, in: folder)
    defer { withExtendedLifetime((sentinels, silent, mistaken)) {} }
    // One try has to do.
    func run(_ ports: [Int]) async throws -> Binary.Outcome {
      try await usage.run([], ["REDIS_URL": sentinels.url(ports), "JOB_ATTEMPTS": "1"])
    }
    let found = try await run([nobody, silent.port, mistaken.port, sentinels.ports[0]])
    #expect(found.exitCode == 0, "\(found.output)")
    try await expectAll(usage)
    let lost = try await run([nobody, mistaken.port])
    #expect(lost.exitCode == 69)
    let message = lost.result["error", "message"].string ?? ""
    for words in ["the service mymaster was not found", "127.0.0.1:\(nobody)", "reports the role «slave»"] {
      #expect(message.contains(words), "\(message)")
    }
  }

  @Test func `servers and Sentinels have users of their own, and what is wrong is said of the right one`() async throws
  {
    let (usage, folder) = (try await Usage(), try TemporaryFolder())
    let redis = try await Sentinels.redis(["--requirepass", "hunter2"], in: folder)
    let secured = try await Sentinels.watch(
      redis.port, in: folder, ["sentinel auth-pass mymaster hunter2", "requirepass hunter3"])
    let plain = try await Sentinels.redis([], in: folder)
    defer { withExtendedLifetime((redis, secured, plain)) {} }
    func expect(_ url: String, _ exitCode: Int32, _ words: String...) async throws {
      for arguments in [[], ["--check"]] {
        let run = try await usage.run(arguments, ["REDIS_URL": url, "JOB_ATTEMPTS": "1"])
        #expect(run.exitCode == exitCode, "\(url) \(run.output)")
        for word in words { #expect(run.output.contains(word), "\(run.output)") }
        for secret in ["hunter2", "hunter3"] { #expect(!(run.output + run.errors).contains(secret)) }
      }
    }
    func url(_ user: String = ":hunter2@", at port: Int? = nil, service: String = "mymaster") -> String {
      Sentinels.url([port ?? secured.port], user: user, service: service)
    }
    try await expect(url() + "?sentinel_password=hunter3", 0)
    try await expect(url(), 77, "127.0.0.1:\(secured.port)", "NOAUTH", "sentinel_password")
    try await expect(url("") + "?sentinel_password=hunter3", 77, "NOAUTH", "redis://user:password@host")
    try await expect(
      url(service: "other") + "?sentinel_password=hunter3", 78, "no service of this name", "SENTINEL MASTERS")
    try await expect(url() + "?sentinel_password=wrong", 77, "127.0.0.1:\(secured.port)", "WRONGPASS")
    try await expect(url(at: plain.port), 78, "is not a Sentinel", "redis://user:password@host:6379/0")
  }

  @Test func `over TLS Sentinels and servers are verified, and a name may be given for those that are told by address`()
    async throws
  {
    let (certificates, usage, folder) = (try await Certificates(), try await Usage(), try TemporaryFolder())
    let redis = try await TLSRedis(certificates, showing: "named")
    let sentinel = try await Sentinels.watch(redis.port, in: folder, tls: certificates)
    defer { withExtendedLifetime((redis, sentinel)) {} }
    func run(_ settings: [String: String] = [:]) async throws -> Binary.Outcome {
      let url = "rediss+sentinel://localhost:\(sentinel.port)/\(Sentinels.service)"
      let trust = ["REDIS_URL": url, "REDIS_CA_FILE": certificates.authority, "JOB_ATTEMPTS": "1"]
      return try await usage.run([], trust.merging(settings) { $1 })
    }
    let unnamed = try await run()
    #expect(unnamed.exitCode == 78 && unnamed.output.contains("the certificate of 127.0.0.1"), "\(unnamed.output)")
    #expect(unnamed.result["error", "hint"].string?.contains("REDIS_TLS_NAME") == true)
    let named = try await run(["REDIS_TLS_NAME": "localhost"])
    #expect(named.exitCode == 0, "\(named.output)")
  }
}
