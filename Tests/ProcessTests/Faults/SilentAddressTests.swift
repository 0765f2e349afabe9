import Foundation
import TestSupport
import Testing

/// A host name with several addresses: one of them takes connections and says nothing, at another nobody listens.
@Suite(.timeLimit(.minutes(10))) struct SilentAddressTests {
  /// Runs the job where a name has these addresses.
  ///
  /// - Parameter last: the last number of the address that Redis is at, 127.0.0.1 or 127.0.0.2.
  /// - Returns: whether the silent address was tried.
  private func run(_ last: UInt32) async throws -> Bool {
    let (usage, folder, port) = (try await Usage(), try TemporaryFolder(), try Socket.freePort())
    let redis = try await RedisServer(["--port", "\(port)", "--bind", "127.0.0.\(last)"])
    let silent = try Listener(last: 3 - last, port: port)
    try await redis("SET", "usage:m:2025-11-07:x", "5")
    let hosts = "\(folder.path)/hosts"
    try (1...3).map { "127.0.0.\($0) manifold.example\n" }.joined().write(
      toFile: hosts, atomically: true, encoding: .utf8)
    let run = try await Binary(path: "/usr/bin/unshare").run(
      ["-m", "sh", "-c", "mount --bind \"$1\" /etc/hosts && exec \"$2\"", "sh", hosts, Usage.binary.url.path],
      usage.environment(["REDIS_URL": "redis://manifold.example:\(port)", "JOB_ATTEMPTS": "1"]))
    #expect(run.exitCode == 0, "\(run.output)")
    #expect(try await usage.stored() == ["m:2025-11-07:x": "5"])
    withExtendedLifetime(redis) {}
    return silent.hasConnection
  }

  @Test func `a silent address of Redis leaves time for the next one`() async throws {
    guard try await canMountPrivately(for: "a name with several addresses") else { return }
    // Whichever of the two the resolver puts first, it is silent once.
    let tried = [try await run(1), try await run(2)]
    #expect(tried.contains(true))
  }
}
