import Foundation
import Postgres
import Redis
import TestSupport
import Testing

@testable import JobRuntime

/// Runs one after the other in one process, of its own: others would change what is measured.
@Suite(.timeLimit(.minutes(30))) struct ManyRunsInOneProcessTests {
  /// `make soak` does ten thousand.
  private static let runs = ProcessInfo.processInfo.environment["ONESHOT_SEQUENCE"].flatMap { Int($0) } ?? 400

  @Test func `memory and descriptors do not grow with the number of runs`() async throws {
    let place = try await Place()
    let runs = Self.runs
    let settings = place.environment
    let outcome = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
      [runs = runs as Int, settings = settings as [String: String]] in
      let early = try await ManyRunsInOneProcessTests.measured(after: runs / 4, settings)
      let late = try await ManyRunsInOneProcessTests.measured(after: runs - runs / 4, settings)
      print("\(runs) runs in one process: after a quarter \(early), at the end \(late)")
      fflush(nil)
      #expect(late.kilobytes - early.kilobytes < 4096, "\(early) \(late)")
      #expect(late.descriptors <= early.descriptors && late.threads <= early.threads + 4, "\(early) \(late)")
    }
    FileHandle.standardError.write(Data(outcome?.standardOutputContent ?? []))
    #expect(try await place.value("select count(*) from oneshot.job_runs where status = 'succeeded'") == "\(runs)")
  }

  /// What a process has taken.
  struct Taken: Sendable {
    /// Resident memory.
    var kilobytes: Int
    var descriptors: Int
    var threads: Int
  }

  /// Does so many runs, and looks.
  static func measured(after runs: Int, _ settings: [String: String]) async throws -> Taken {
    for number in 1...runs {
      let process = InProcess([], settings)
      let job = SampleJob { run in
        try await run.transaction { tx in try tx.query("select") }
        try await run.redis { session in _ = try session.command(RedisCommand("PING")) }
      }
      let answer = await Invocation<SampleJob>(process.surroundings, making: { _ in job }).answer()
      guard case .result(let result) = answer, result.status == .succeeded else {
        throw TestFailure("run \(number): \(answer)")
      }
    }
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    func number(_ name: String) throws -> Int {
      let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("\(name):") })
      return try #require(Int(line.filter(\.isNumber)))
    }
    // One of them is the one that is being looked with.
    let descriptors = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count - 1
    return Taken(kilobytes: try number("VmRSS"), descriptors: descriptors, threads: try number("Threads"))
  }
}
