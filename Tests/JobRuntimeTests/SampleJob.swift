import Postgres
import Synchronization
import TestSupport
import Testing

@testable import JobRuntime

/// A job that does what a test says.
struct SampleJob: Replayable {
  static let facts = JobFacts(name: "sample", summary: "does what a test says", letterKinds: [.named("bad")])

  struct Settings: JobSettings {
    init(from env: inout Environment) {
      _ = env.optionalString("SAMPLE_WORK", help: "Which work it does.", selects: .work)
    }
  }
  struct Report: JobReport {}

  /// Which work it does.
  var variant = ""
  var work: @Sendable (JobRun) async throws -> Void = { _ in }
  /// Returns the letters that are done; the others are left to the run.
  var replays: @Sendable ([DeadLetter], JobRun) async throws -> [DeadLetter] = { _, _ in [] }

  /// Which letters are another run's.
  var leaves: @Sendable (DeadLetter) -> Bool = { _ in false }

  init(variant: String = "", work: @escaping @Sendable (JobRun) async throws -> Void = { _ in }) {
    self.variant = variant
    self.work = work
  }

  init(settings: Settings) {}

  func run(_ run: JobRun) async throws -> Report {
    try await work(run)
    return Report()
  }

  func takes(_ letter: DeadLetter, as shard: Shard) -> Bool { !leaves(letter) && letter.isShare(of: shard) }

  func replay(_ letters: [DeadLetter], _ run: JobRun) async throws -> [ReplayOutcome] {
    let done = Set(try await replays(letters, run).map(\.digest))
    return letters.map { done.contains($0.digest) ? .done : .leftToRun }
  }

  /// The same job, which does this with dead letters that are asked for.
  func replaying(_ replays: @escaping @Sendable ([DeadLetter], JobRun) async throws -> [DeadLetter]) -> SampleJob {
    var job = self
    job.replays = replays
    return job
  }

  /// Runs it in a place, as its binary would.
  func result(in place: Place, _ settings: [String: String] = [:]) async throws -> RunResult {
    let work = variant.isEmpty ? [:] : ["SAMPLE_WORK": variant]
    let process = InProcess([], place.environment.merging(work) { $1 }.merging(settings) { $1 })
    let answer = await Invocation<SampleJob>(process.surroundings, making: { _ in self }).answer()
    guard case .result(let result) = answer else { throw TestFailure("no result") }
    return result
  }
}

/// Something that a test waits for.
final class Gate: Sendable {
  private let isOpen = Mutex(false)

  func open() { isOpen.withLock { $0 = true } }

  func wait() async throws {
    try await eventually { isOpen.withLock { $0 } }
  }
}
