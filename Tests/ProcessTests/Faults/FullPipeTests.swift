import Foundation
import Redis
import TestSupport
import Testing

/// Rows 10, 11 and 19: nobody reads what a run says, and its pipe is full, so that whoever writes to it stands still.
///
/// A run ends all the same. The contract's ten seconds are given room here.
@Suite(.timeLimit(.minutes(10))) struct FullPipeTests {
  private static let limit = Duration.seconds(15)

  private func usage() async throws -> Usage {
    let usage = try await Usage()
    try await usage.set(["m:2025-11-06:x": "5", "m:2025-11-07:x": "6"])
    return usage
  }

  @Test(
    arguments: [
      "taking the lock", "took the lock", "opened the run", "scanned a page", "committing", "closed the run",
    ],
    [SIGTERM, SIGINT])
  func `10: a signal to a run whose log nobody reads`(step: String, signal: Int32) async throws {
    let usage = try await usage()
    let run = try await SteppedRun(Usage.binary, usage.environment(), past: step)
    try #require(!run.hasEnded)
    run.process.send(signal)
    let outcome = try await run.process.outcome(within: Self.limit)
    // What has ended well by then is told as what it is.
    let isDone = try await usage.place.value("select status from oneshot.job_runs") == "succeeded"
    #expect(outcome.exitCode == (isDone ? 0 : 128 + signal), "\(outcome.output)")
    #expect(outcome.result["exit_code"].int == Int(outcome.exitCode))
    run.letGo()
  }

  @Test func `10: two signals to a run whose log nobody reads`() async throws {
    let usage = try await usage()
    let run = try await SteppedRun(Usage.binary, usage.environment(), past: "scanned a page")
    try #require(!run.hasEnded)
    run.process.send(SIGTERM)
    run.process.send(SIGINT)
    let outcome = try await run.process.outcome(within: Self.limit)
    #expect([128 + SIGTERM, 128 + SIGINT].contains(outcome.exitCode))
    #expect(outcome.result["status"].string == "interrupted")
    run.letGo()
  }

  @Test(arguments: ["took the lock", "scanned a page"])
  func `11: the deadline of a run whose log nobody reads`(step: String) async throws {
    let usage = try await usage()
    let environment = usage.environment(["JOB_TIMEOUT": "4s"])
    let run = try await SteppedRun(Usage.binary, environment, past: step)
    try #require(!run.hasEnded)
    let outcome = try await run.process.outcome(within: .seconds(4) + Self.limit)
    #expect(outcome.exitCode == 75)
    #expect(outcome.result["error", "kind"].string == "deadline", "\(outcome.output)")
    run.letGo()
  }

  @Test(arguments: [nil, SIGTERM])
  func `19: a result that nobody takes`(signal: Int32?) async throws {
    let usage = try await usage()
    let folder = try TemporaryFolder()
    let pipe = try FullPipe(in: folder)
    let process = try Binary(path: "/bin/sh").start(
      ["-c", "exec \"$0\" >\"$1\"", Usage.binary.url.path, pipe.path], usage.environment(["JOB_TIMEOUT": "5s"]))
    try await eventually {
      // Nothing is left to be done but to say so.
      let isClosed = "select exists (select from oneshot.job_runs where status = 'succeeded')"
      guard try await usage.place.value(isClosed) == "true" else { return false }
      return try await usage.place.redis("EXISTS", Usage.lockKey).integer == 0
    }
    if let signal { process.send(signal) }
    let outcome = try await process.outcome(within: .seconds(5) + Self.limit)
    #expect(outcome.exitCode != 128 + SIGKILL)
    #expect(try await usage.stored().count == 2)
    withExtendedLifetime(pipe) {}
  }

  @Test func `19: a result file that is a FIFO nobody reads is a warning`() async throws {
    let usage = try await usage()
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/result"
    try #require(mkfifo(path, 0o600) == 0)
    let process = try Usage.binary.start([], usage.environment(["JOB_RESULT_FILE": path]))
    let outcome = try await process.outcome(within: .seconds(180))
    #expect(outcome.exitCode == 0 && outcome.result["status"].string == "succeeded")
    #expect(outcome.errors.contains("second copy"))
    #expect(try await usage.stored().count == 2)
  }
}

/// A named pipe without room for a single byte.
private final class FullPipe {
  let path: String
  private let descriptor: Int32

  init(in folder: TemporaryFolder) throws {
    path = "\(folder.path)/full"
    guard mkfifo(path, 0o600) == 0 else { throw TestFailure("mkfifo: \(String(cString: strerror(errno)))") }
    // For both ends, so that it opens at once and stays open.
    descriptor = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else { throw TestFailure("\(path): \(String(cString: strerror(errno)))") }
    let bytes = [UInt8](repeating: 0, count: 4096)
    while write(descriptor, bytes, bytes.count) > 0 {}
    while write(descriptor, bytes, 1) > 0 {}
  }

  deinit { close(descriptor) }
}
