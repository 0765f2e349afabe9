import Foundation
import Redis
import TestSupport
import Testing

/// TLS to Redis, as the binary speaks it with a real server: row 29 of the faults, and all that goes well.
@Suite(.timeLimit(.minutes(10))) struct RedisTLSTests {
  private let job = Binary("usage-aggregation")

  /// Runs the job against a Redis; Postgres is always there.
  private func run(
    _ url: String, _ settings: [String: String] = [:], in place: Place
  ) async throws -> Binary.Outcome {
    let environment = place.environment
      .merging(["REDIS_URL": url, "JOB_BACKOFF_MAX": "1ms"]) { $1 }
      .merging(settings) { $1 }
    return try await job.run([], environment)
  }

  private func expect(_ run: Binary.Outcome, _ exitCode: Int32, saying words: String...) {
    #expect(run.exitCode == exitCode, "\(run.output)\(run.errors)")
    for word in words { #expect(run.output.contains(word), "\(run.output)") }
    #expect(exitCode == 0 || run.result["error", "hint"].isThere)
  }

  @Test func `a run over TLS does its work, by name and by address`() async throws {
    let (certificates, place) = (try await Certificates(), try await Place())
    let redis = try await TLSRedis(certificates)
    let trust = ["REDIS_CA_FILE": certificates.authority, "JOB_SCHEDULED_AT": "2025-11-08T02:00:00Z"]
    let counted = try await Binary(path: "/usr/bin/redis-cli").run([
      "--tls", "--cacert", certificates.authority, "-h", "127.0.0.1", "-p", "\(redis.port)", "SET",
      "usage:m:2025-11-07:x", "5",
    ])
    #expect(counted.output == "OK\n")
    expect(try await run(redis.url(), trust, in: place), 0)
    #expect(try await place.value("select value from merchant_usage") == "5")
    let forced = trust.merging(["JOB_FORCE": "true"]) { $1 }
    for host in ["127.0.0.1", "localhost"] { expect(try await run(redis.url(host), forced, in: place), 0) }
    expect(try await run(redis.url("[::1]"), forced, in: place), 78, saying: "IP address mismatch")
  }

  @Test func `large answers come whole`() async throws {
    let (certificates, place) = (try await Certificates(), try await Place())
    let redis = try await TLSRedis(certificates)
    let script = "for i=1,30000 do redis.call('set', 'usage:m'..i..':2025-11-07:x', i) end"
    let counted = try await Binary(path: "/usr/bin/redis-cli").run([
      "--tls", "--cacert", certificates.authority, "-p", "\(redis.port)", "EVAL", script, "0",
    ])
    #expect(counted.exitCode == 0)
    let settings = ["REDIS_CA_FILE": certificates.authority, "USAGE_DAYS": "2025-11-07"]
    expect(try await run(redis.url(), settings, in: place), 0)
    #expect(try await place.value("select sum(value) from merchant_usage") == "\(30_000 * 30_001 / 2)")
  }

  @Test func `user and password of an ACL work over TLS, and a wrong one is 77`() async throws {
    let (certificates, place) = (try await Certificates(), try await Place())
    let redis = try await TLSRedis(
      certificates, ["--user", "default", "off", "--user", "jobs", "on", ">s3cret", "~*", "+@all"])
    let trust = ["REDIS_CA_FILE": certificates.authority]
    expect(try await run(redis.url(user: "jobs:s3cret@"), trust, in: place), 0)
    expect(try await run(redis.url(user: "jobs:wrong-one@"), trust, in: place), 77, saying: "WRONGPASS")
  }

  @Test func `29: a wrong authority, an expired certificate and a wrong name are refused`() async throws {
    let (certificates, place) = (try await Certificates(), try await Place())
    let trust = ["REDIS_CA_FILE": certificates.authority]
    let good = try await TLSRedis(certificates)
    let other = ["REDIS_CA_FILE": certificates.otherAuthority]
    expect(try await run(good.url(), other, in: place), 78, saying: "misconfigured", "is not accepted")
    expect(try await run(good.url(), in: place), 78, saying: "misconfigured", "is not accepted")
    for (certificate, reason) in [
      ("expired", "certificate has expired"), ("stranger", "is not accepted"),
      ("elsewhere", "hostname mismatch"),
    ] {
      let redis = try await TLSRedis(certificates, showing: certificate)
      expect(try await run(redis.url(), trust, in: place), 78, saying: "misconfigured", reason)
    }
    #expect(try await place.value("select count(*) from oneshot.job_runs") == "0")
  }

  @Test func `29: a server that speaks no TLS gets not a byte in the clear`() async throws {
    let (certificates, place) = (try await Certificates(), try await Place())
    let plain = try Proxy(to: PrivateServers.shared.get().redisSocket)
    defer { plain.close() }
    let url = "rediss://user:s3cret@localhost:\(plain.port)"
    let run = try await run(url, ["REDIS_CA_FILE": certificates.authority, "JOB_LOCK_TTL": "3s"], in: place)
    // Redis takes the greeting for the beginning of a command, and waits for the rest of it.
    expect(run, 69, saying: "TLS")
    let said = plain.conversation.filter { $0.direction == .toServer && !$0.isOpening }
    #expect(!said.isEmpty)
    // A TLS record of the kind "handshake", every time, and nothing of ours in it.
    for piece in said { #expect(piece.bytes.first == 22 && !piece.contains("s3cret")) }
  }

  @Test func `a client certificate is shown where the server asks, and is 77 where it is missing or wrong`()
    async throws
  {
    let (certificates, place) = (try await Certificates(), try await Place())
    let redis = try await TLSRedis(certificates, asking: true)
    func files(_ name: String) -> [String: String] {
      [
        "REDIS_CA_FILE": certificates.authority, "REDIS_CERT_FILE": certificates.path("\(name).crt"),
        "REDIS_KEY_FILE": certificates.path("\(name).key"),
      ]
    }
    expect(try await run(redis.url(), files("client"), in: place), 0)
    expect(try await run(redis.url(), files("stranger"), in: place), 77, saying: "denied", "REDIS_CERT_FILE")
    for _ in 0..<10 {
      expect(
        try await run(redis.url(), ["REDIS_CA_FILE": certificates.authority], in: place), 77, saying: "denied",
        "certificate required")
    }
  }

  @Test func `files that cannot be used are named before anything is contacted`() async throws {
    let certificates = try await Certificates()
    let nowhere = ["DATABASE_URL": "postgresql://127.0.0.1:1/x", "REDIS_URL": "rediss://127.0.0.1:1"]
    func complaint(_ settings: [String: String]) async throws -> String {
      let run = try await job.run([], nowhere.merging(settings) { $1 })
      #expect(run.exitCode == 78)
      return run.result["errors"][0]["message"].string ?? ""
    }
    let (key, certificate) = (certificates.path("client.key"), certificates.path("client.crt"))
    #expect(try await complaint(["REDIS_CA_FILE": "/nowhere/ca.pem"]).contains("REDIS_CA_FILE names /nowhere/ca.pem"))
    #expect(try await complaint(["REDIS_CA_FILE": key]).hasPrefix("REDIS_CA_FILE"))
    #expect(try await complaint(["REDIS_CERT_FILE": certificate]).hasPrefix("REDIS_KEY_FILE is required"))
    #expect(try await complaint(["REDIS_KEY_FILE": key]).hasPrefix("REDIS_CERT_FILE is required"))
    #expect(try await complaint(["REDIS_CERT_FILE": key, "REDIS_KEY_FILE": key]).hasPrefix("REDIS_CERT_FILE names"))
    let mixed = ["REDIS_CERT_FILE": certificate, "REDIS_KEY_FILE": certificates.path("server.key")]
    #expect(try await complaint(mixed).hasPrefix("REDIS_KEY_FILE names"))
    let unencrypted = ["REDIS_URL": "redis://127.0.0.1:1", "REDIS_CA_FILE": certificates.authority]
    #expect(try await complaint(unencrypted).contains("rediss://"))
  }
}
