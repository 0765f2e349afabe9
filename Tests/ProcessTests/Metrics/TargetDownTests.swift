import Foundation
import Redis
import TestSupport
import Testing

/// Faults, row 30: whatever becomes of the metrics, the run and its exit code stay what they are.
@Suite(.timeLimit(.minutes(10))) struct TargetDownTests {
  private let job = Binary("usage-aggregation")

  /// Runs with settings that lead nowhere: good, partial and failed, each as it is without them.
  ///
  /// - Returns: what the log says of the channel.
  private func expectUnharmed(_ settings: [String: String], _ job: Binary? = nil) async throws -> [String] {
    let place = try await Place()
    let job = job ?? self.job
    let all = place.environment.merging(settings) { $1 }
    try await place.redis("SET", "usage:m:2025-11-07:x", "5")
    let day = all.merging(["USAGE_DAYS": "2025-11-07"]) { $1 }
    let good = try await job.run([], day)
    #expect(good.exitCode == 0 && good.result["counts", "inserted"].int == 1)
    #expect(try await place.value("select sum(value) from merchant_usage") == "5")
    #expect(try await place.value("select string_agg(status, ',') from oneshot.job_runs") == "succeeded")
    #expect(try await place.redis("EXISTS", "oneshot:lock:usage-aggregation").integer == 0)
    try await place.redis("SET", "usage:m:2025-11-07:y", "no number")
    #expect(try await job.run([], day).exitCode == 65)
    #expect(
      try await job.run([], day.merging(["REDIS_URL": "unix:///nowhere/s", "JOB_ATTEMPTS": "1"]) { $1 }).exitCode == 69)
    return warnings(of: good)
  }

  private func warnings(of run: Binary.Outcome) -> [String] {
    run.errors.split(separator: "\n").filter { $0.contains("could not be delivered") }.map { String($0) }
  }

  private func expectOne(_ warnings: [String], _ channel: String, _ target: String, _ reason: String?) {
    #expect(warnings.count == 1)
    let warning = ResultLine(text: warnings.first ?? "")
    #expect(warning["level"].string == "warning" && warning["channel"].string == channel)
    #expect(warning["target"].string == target)
    let told = warning["error"].string ?? ""
    #expect(reason.map { told.contains($0) } ?? !told.isEmpty, "\(warnings)")
  }

  @Test func `30: a folder that is not there, and a place that is no file`() async throws {
    for (path, reason) in [
      ("/nowhere/job.prom", "No such file"), ("/proc/job.prom", "No such file"), ("/dev/null", "not a regular"),
    ] {
      expectOne(try await expectUnharmed(["JOB_METRICS_FILE": path]), "JOB_METRICS_FILE", path, reason)
    }
  }

  @Test func `30: a folder that may not be written to`() async throws {
    guard try await canMountPrivately(for: "a read-only folder") else { return }
    let here = try await Measured()
    defer { here.remove() }
    let script = "mount -t tmpfs -o ro none \"$1\" && exec \"$2\""
    let run = try await Binary(path: "/usr/bin/unshare").run(
      ["-m", "sh", "-c", script, "sh", here.folder.path, job.url.path], here.environment)
    #expect(run.exitCode == 0 && run.result["status"].string == "succeeded")
    expectOne(warnings(of: run), "JOB_METRICS_FILE", here.file, "Read-only")
  }

  @Test func `30: nobody listens, and a name that nobody knows`() async throws {
    let port = try DatagramSocket().port
    _ = try await expectUnharmed(["JOB_STATSD": "127.0.0.1:\(port)"])
    // What is wrong with the name depends on this machine's name server.
    expectOne(
      try await expectUnharmed(["JOB_STATSD": "agent.invalid:8125"]), "JOB_STATSD", "agent.invalid:8125", nil)
  }

  @Test func `30: a name server that never answers is not waited for`() async throws {
    guard try await canMountPrivately(for: "a silent name server") else { return }
    guard let silent = try? NameServer() else {
      return skipped("a silent name server", because: "port 53 is not to be had")
    }
    defer { withExtendedLifetime(silent) {} }
    let place = try await Place()
    let script = "mount --bind \"$1\" /etc/resolv.conf && exec \"$2\""
    let run = try await Binary(path: "/usr/bin/unshare").run(
      ["-m", "sh", "-c", script, "sh", silent.resolvConf, job.url.path],
      place.environment.merging(["JOB_STATSD": "agent.example:8125"]) { $1 })
    #expect(run.exitCode == 0)
    #expect(silent.wasAsked)
    expectOne(
      warnings(of: run), "JOB_STATSD", "agent.example:8125", "longer than 2s")
  }

  @Test func `30: totals that take too long are not waited for`() async throws {
    let here = try await Measured()
    defer { here.remove() }
    try await here.place.redis("SET", "usage:m:2025-11-07:x", "5")
    let settings = ["JOB_METRICS_FILE": here.file, "USAGE_RETENTION": "1d"]
    #expect(try await here.run(settings.merging(["JOB_SCHEDULED_AT": "2025-11-08T02:00:00Z"]) { $1 }).exitCode == 0)
    let next = settings.merging(["JOB_SCHEDULED_AT": "2025-11-08T03:00:00Z"]) { $1 }
    let before = try here.samples()
    try await here.place.whenTotalsAreRead("perform from in_the_way")
    let run = try await BlockedRun(at: .telling, in: here.place, next)
    let outcome = await run.process.outcome()
    try await run.letGo()
    #expect(outcome.exitCode == 0 && outcome.errors.contains("without totals"))
    #expect(try here.counts() == [1, 0, 0, 0, 0] && before["job_last_success_timestamp"] != nil)
    #expect(try here.samples()["job_last_success_timestamp"] == before["job_last_success_timestamp"])
    #expect(try await here.place.value("select count(*) from oneshot.job_runs where status = 'succeeded'") == "2")
  }

  @Test func `30: totals on a server that is frozen are left behind`() async throws {
    let servers = try await PrivateServers.start()
    let place = try await Place(on: servers)
    let folder = try TemporaryFolder()
    let settings = ["JOB_METRICS_FILE": "\(folder.path)/job.prom", "USAGE_RETENTION": "1d"]
    func at(_ slot: String) -> [String: String] { settings.merging(["JOB_SCHEDULED_AT": slot]) { $1 } }
    try await place.redis("SET", "usage:m:2025-11-07:x", "5")
    let first = place.environment.merging(at("2025-11-08T02:00:00Z")) { $1 }
    #expect(try await job.run([], first).exitCode == 0)
    try await place.whenTotalsAreRead("perform from in_the_way")
    let run = try await BlockedRun(at: .telling, in: place, at("2025-11-08T03:00:00Z"))
    try servers.pausePostgres()
    // It ends, though its query neither does nor can be stopped.
    let outcome = await run.process.outcome()
    try servers.resumePostgres()
    try await run.letGo()
    #expect(outcome.exitCode == 0 && outcome.errors.contains("without totals"), "\(outcome.errors)")
  }

  @Test func `30: totals that may not be read are left out, with a warning`() async throws {
    let here = try await Measured()
    defer { here.remove() }
    let blocked = try await here.blockedRun()
    try await here.place.whenTotalsAreRead("raise 'not for you'")
    try await blocked.letGo()
    let run = await blocked.process.outcome()
    #expect(run.exitCode == 0 && run.errors.contains("without totals") && run.errors.contains("not for you"))
    #expect(Set(try here.samples().keys) == ["job_duration_seconds", "job_health", "job_items_processed"])
    #expect(try here.samples()["job_health"] == "1")
  }
}

/// A name server that takes questions and says nothing.
private final class NameServer {
  private let descriptor: Int32
  let resolvConf = FileManager.default.temporaryDirectory.appending(path: "resolv-\(UUID())").path
  private static let address = "127.0.0.87"

  init() throws {
    var place = sockaddr_in()
    place.sin_family = sa_family_t(AF_INET)
    place.sin_port = UInt16(53).bigEndian
    place.sin_addr.s_addr = inet_addr(Self.address)
    descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    let isBound = withUnsafePointer(to: &place) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
    guard isBound else { throw TestFailure("port 53: \(String(cString: strerror(errno)))") }
    try "nameserver \(Self.address)\n".write(toFile: resolvConf, atomically: true, encoding: .utf8)
  }

  var wasAsked: Bool {
    var byte: UInt8 = 0
    return recv(descriptor, &byte, 1, Int32(MSG_DONTWAIT)) >= 0
  }

  deinit {
    close(descriptor)
    try? FileManager.default.removeItem(atPath: resolvConf)
  }
}
