import Foundation
import Postgres
import Redis
import TestSupport
import Testing

@testable import JobRuntime

/// Runs one after the other in one process, of its own: the tests beside it would change what is measured.
@Suite(.timeLimit(.minutes(30))) struct ManyRunsInOneProcessTests {
  /// `make soak` does ten thousand.
  private static let runs = ProcessInfo.processInfo.environment["ONESHOT_SEQUENCE"] ?? "400"

  @Test func `memory and descriptors do not grow with the number of runs`() async throws {
    let place = try await Place()
    // No exit test: its monitor waits for any child of this process, of which there are many.
    let outcome = try await Binary(path: CommandLine.arguments[0]).run(
      ["--testing-library", "swift-testing", "--filter", "RunSequence"],
      place.environment.merging([sequenceSetting: Self.runs]) { $1 })
    #expect(outcome.exitCode == 0, "\(outcome.output)\(outcome.errors)")
    let figures = outcome.output.split(separator: "\n").first { $0.contains("runs in one process") }
    FileHandle.standardError.write(Data("\(figures ?? "no figures")\n".utf8))
    #expect(try await place.value("select count(*) from oneshot.job_runs where status = 'succeeded'") == Self.runs)
  }
}

/// How many runs a process is to do that was started for it.
private let sequenceSetting = "ONESHOT_SEQUENCE_OF_RUNS"
private let sequenceOfRuns = ProcessInfo.processInfo.environment[sequenceSetting].flatMap { Int($0) }

/// What the process of its own does: these tests again, and of them this one alone.
@Suite(.enabled(if: sequenceOfRuns != nil, "it is part of another test, in a process of its own"))
struct RunSequence {
  @Test func `runs in sequence take no more and no more`() async throws {
    let runs = try #require(sequenceOfRuns)
    let early = try await taken(after: runs / 4)
    let late = try await taken(after: runs - runs / 4)
    print("\(runs) runs in one process: after a quarter \(early), at the end \(late)")
    // A run itself leaves nothing. The testing library keeps the stack of every error that anybody throws: 0.4 kB a run.
    let between = runs - runs / 4
    #expect(late.kilobytes - early.kilobytes < min(4096, 1024 + between / 2))
    #expect(late.descriptors <= early.descriptors && late.threads <= early.threads + 4)
  }

  /// What a process has taken.
  private struct Taken: CustomStringConvertible {
    /// Resident memory.
    var kilobytes: Int
    var descriptors: Int
    var threads: Int
    var description: String { "\(kilobytes) kB, \(descriptors) descriptors, \(threads) threads" }
  }

  /// Does so many runs, and looks.
  private func taken(after runs: Int) async throws -> Taken {
    let environment = ProcessInfo.processInfo.environment
    let job = SampleJob { run in
      try await run.transaction { tx in try tx.query("select") }
      try await run.redis { session in _ = try session.command(RedisCommand("PING")) }
    }
    for number in 1...runs {
      let process = InProcess([], environment)
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
