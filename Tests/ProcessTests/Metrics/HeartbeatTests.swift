import Foundation
import Redis
import TestSupport
import Testing

/// `JOB_HEARTBEAT_URL`, to a small server of the tests' own.
@Suite(.timeLimit(.minutes(10)), .enabled(if: TraitBuild.isJobBuilt)) struct HeartbeatTests {
  private let token = "/ping/3f1c-token"

  /// A place, a server and what leads to both.
  private func stage(
    _ answer: String = "200", path: String? = nil, silentTo silent: String? = nil
  ) async throws -> (server: WebServer, settings: [String: String], place: Place) {
    let place = try await Place()
    let server = try await WebServer(answering: answer, silentTo: silent)
    let url = "http://127.0.0.1:\(server.port)\(path ?? token)"
    return (server, place.environment.merging(["JOB_HEARTBEAT_URL": url, "JOB_LOG_LEVEL": "debug"]) { $1 }, place)
  }

  @Test func `a good run pings at its start and at its end, with the result as body`() async throws {
    let (server, settings, _) = try await stage()
    let run = try await TraitBuild.job.run([], settings)
    #expect(run.exitCode == 0 && !run.errors.contains("could not be delivered"))
    let requests = try server.requests()
    #expect(requests.map(\.path) == ["\(token)/start", token])
    #expect(requests.map(\.type) == ["text/plain", "application/json"])
    #expect(requests.first?.body == "")
    #expect(requests.last.map { $0.body + "\n" } == run.output)
    #expect(!(run.output + run.errors).contains("3f1c-token"))
  }

  @Test func `a run that ends badly pings its exit code`() async throws {
    let (server, settings, place) = try await stage()
    func ended(_ more: [String: String] = [:]) async throws -> Int {
      Int(try await TraitBuild.job.run([], settings.merging(more) { $1 }).exitCode)
    }
    try await place.redis("SET", "usage:m:2025-11-07:x", "no number")
    #expect(try await ended(["USAGE_DAYS": "2025-11-07"]) == 65)
    // Before it is known whether another run does the work, there is no start.
    #expect(try await ended(["REDIS_URL": "unix:///nowhere/s", "JOB_ATTEMPTS": "1"]) == 69)
    try await place.redis("DEL", "usage:m:2025-11-07:x")
    let stopped = try await BlockedRun(at: .planning, in: place, settings, TraitBuild.job)
    stopped.process.send(SIGTERM)
    let outcome = await stopped.process.outcome()
    #expect(outcome.exitCode == 143)
    try await stopped.letGo()
    let requests = try server.requests()
    let ends = ["/start", "/65", "/69", "/start", "/143"]
    #expect(requests.map(\.path) == ends.map { token + $0 })
    #expect(requests.last.map { $0.body + "\n" } == outcome.output)
  }

  @Test func `runs that did nothing of their own do not ping`() async throws {
    let (server, settings, place) = try await stage()
    let slot = settings.merging(["JOB_SCHEDULED_AT": "2025-11-08T02:00:00Z"]) { $1 }
    #expect(try await TraitBuild.job.run(["--plan"], slot).exitCode == 0)
    #expect(try await TraitBuild.job.run(["--check"], slot).exitCode == 0)
    try await place.redis("SET", "oneshot:lock:usage-aggregation", "another")
    #expect(try await TraitBuild.job.run([], slot).result["reason"].string == "locked")
    try await place.redis("DEL", "oneshot:lock:usage-aggregation")
    #expect(try server.requests().isEmpty)
    #expect(try await TraitBuild.job.run([], slot).exitCode == 0)
    #expect(try await TraitBuild.job.run([], slot).result["reason"].string == "already_done")
    #expect(try server.requests().count == 2)
  }

  @Test func `a query stays at the end, and the URL may come from a file`() async throws {
    let (server, settings, _) = try await stage(path: "/key/slug/?create=1&x=/y")
    let path = FileManager.default.temporaryDirectory.appending(path: "url-\(UUID())").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try settings["JOB_HEARTBEAT_URL"]?.write(toFile: path, atomically: true, encoding: .utf8)
    let run = try await TraitBuild.job.run(
      [], settings.filter { $0.key != "JOB_HEARTBEAT_URL" }.merging(["JOB_HEARTBEAT_URL_FILE": path]) { $1 })
    #expect(run.exitCode == 0)
    #expect(try server.requests().map(\.path) == ["/key/slug/start?create=1&x=/y", "/key/slug/?create=1&x=/y"])
  }

  @Test func `secrets that an error repeats are not in the body`() async throws {
    let (server, settings, place) = try await stage()
    // The server's error names the database, which is called like the password.
    let secret = "s3cr3t-Pa55"
    let url = place.databaseURL.replacing(#/place_[0-9_]+/#, with: secret) + "&password=\(secret)"
    let run = try await TraitBuild.job.run([], settings.merging(["DATABASE_URL": url]) { $1 })
    #expect(run.exitCode == 78)
    let body = try #require(try server.requests().last?.body)
    #expect(body + "\n" == run.output && body.contains("***") && !body.contains(secret))
  }

  // MARK: Faults, row 30

  @Test(arguments: ["400", "500", "302"])
  func `what is not taken is one warning each, and redirects lead nowhere`(answer: String) async throws {
    let (server, settings, place) = try await stage(answer)
    let push = ["JOB_PUSHGATEWAY_URL": "http://127.0.0.1:\(server.port)"]
    let run = try await TraitBuild.job.run([], settings.merging(push) { $1 })
    #expect(run.exitCode == 0)
    #expect(try await place.value("select status from oneshot.job_runs") == "succeeded")
    let warnings = run.errors.split(separator: "\n").filter { $0.contains("could not be delivered") }
    #expect(warnings.count == 3 && warnings.allSatisfy { $0.contains("answered \(answer): this is what is wrong") })
    #expect(!run.errors.contains("3f1c-token"), "the server repeats it")
    let paths = try Set(server.requests().map(\.path))
    #expect(paths.count == 3 && paths.isSuperset(of: ["\(token)/start", token]), "\(paths)")
    #expect(paths.contains { $0.hasPrefix("/metrics/job/usage-aggregation/server%40base64/") }, "\(paths)")
  }

  @Test func `a start that is never answered does not keep the end from being told`() async throws {
    let (server, settings, _) = try await stage(silentTo: "/start")
    let run = try await TraitBuild.job.run([], settings)
    #expect(run.exitCode == 0)
    #expect(try server.requests().map(\.path) == ["\(token)/start", token])
    #expect(run.errors.split(separator: "could not be delivered").count == 2, "of the start alone: \(run.errors)")
  }

  @Test(arguments: [0, 280, 290, 980, 990, 1000, 5000])
  func `no part of a URL is in the log, wherever an answer repeats it`(before: Int) async throws {
    let place = try await Place()
    let server = try await WebServer(answering: "400", saying: String(repeating: "x", count: before))
    let secrets = ["path-0123456789", "query-0123456789"]
    let url = "http://127.0.0.1:\(server.port)/p/\(secrets[0])?short=is&key=\(secrets[1])"
    for setting in ["JOB_HEARTBEAT_URL", "JOB_PUSHGATEWAY_URL"] {
      let run = try await TraitBuild.job.run([], place.environment.merging([setting: url]) { $1 })
      #expect(run.exitCode == 0 && run.errors.contains("answered 400"))
      // Half of one neither.
      for start in ["path-0", "query-0"] { #expect(!run.errors.contains(start), "\(run.errors)") }
      #expect(run.errors.contains("***") == (before < 900))
    }
  }

  @Test func `a server that never answers delays neither the work nor, beyond its bound, the end`() async throws {
    let (server, settings, place) = try await stage("never")
    let push = ["JOB_PUSHGATEWAY_URL": "http://127.0.0.1:\(server.port)", "USAGE_DAYS": "2025-11-07"]
    try await place.redis("SET", "usage:m:2025-11-07:x", "5")
    // The work is done while the start is still waited for. Not in every try on a machine so busy that it takes
    // longer than the start's own limit; never in any, if it were waited for.
    var isDoneBefore = false
    for _ in 0..<5 where !isDoneBefore {
      let run = try await TraitBuild.job.run([], settings.merging(push) { $1 })
      #expect(run.exitCode == 0)
      #expect(try await place.value("select sum(value) from merchant_usage") == "5")
      let lines = run.errors.split(separator: "\n")
      let written = try #require(lines.firstIndex { $0.contains("day written") })
      let warned = try #require(lines.firstIndex { $0.contains("could not be delivered") })
      isDoneBefore = written < warned
      #expect(lines.contains { $0.contains("JOB_PUSHGATEWAY_URL") && $0.contains("longer than 2s") })
    }
    #expect(isDoneBefore)
    #expect(try server.requests().map(\.path).contains("\(token)/start"))
  }

  @Test func `a run that is asked to stop ends within ten seconds though nobody answers its pings`() async throws {
    let (server, settings, place) = try await stage("never")
    let push = [
      "JOB_PUSHGATEWAY_URL": "http://127.0.0.1:\(server.port)", "JOB_STATSD": "127.0.0.1:1", "USAGE_DAYS": "2025-11-07",
    ]
    try await place.redis("SET", "usage:m:2025-11-07:x", "5")
    let run = try await BlockedRun(at: .writing, in: place, settings.merging(push) { $1 }, TraitBuild.job)
    let start = ContinuousClock.now
    run.process.send(SIGTERM)
    let outcome = await run.process.outcome()
    #expect(ContinuousClock.now - start < .seconds(10))
    #expect(outcome.exitCode == 143)
    #expect(try await place.redis("EXISTS", "oneshot:lock:usage-aggregation").integer == 0)
    try await run.letGo()
  }

  @Test func `a certificate that nobody vouches for is refused`() async throws {
    let place = try await Place()
    let folder = FileManager.default.temporaryDirectory.appending(path: "tls-\(UUID())").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let made = try await Binary(path: "/usr/bin/openssl").run([
      "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost", "-addext",
      "subjectAltName=DNS:localhost", "-keyout", "\(folder)/key.pem", "-out", "\(folder)/cert.pem",
    ])
    try #require(made.exitCode == 0, "\(made.errors)")
    let server = try await ServerProcess("/usr/bin/openssl") {
      [
        "s_server", "-accept", "127.0.0.1:\($0)", "-www", "-quiet", "-key", "\(folder)/key.pem", "-cert",
        "\(folder)/cert.pem",
      ]
    }
    let url = ["JOB_HEARTBEAT_URL": "https://localhost:\(server.port)/x"]
    let refused = try await TraitBuild.job.run([], place.environment.merging(url) { $1 })
    #expect(refused.exitCode == 0 && refused.errors.contains("certificate"))
  }
}
