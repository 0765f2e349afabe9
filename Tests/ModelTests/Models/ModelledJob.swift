import Foundation
import JobRuntime
import TestSupport

/// A job with little to do, in a place of its own, beside a model of what its runs must have written: for tests that do
/// the same to all jobs.
protocol ModelledJob: JobFixture {
  /// The job itself, for runs in the tests' own process.
  associatedtype TestedJob: Job

  /// Settings of its ordinary runs: each a way of working that writes otherwise. Whatever a run of one way leaves, the next
  /// run of the same way puts right.
  static var ways: [[String: String]] { get }

  /// Makes a place with what the job works on.
  static func make(on servers: PrivateServers?) async throws -> Self

  /// Takes away what its runs have written.
  func clear() async throws

  /// Changes what it works on.
  func change(using random: inout SeededGenerator) async throws

  /// What was written and is not as the model has it; nothing when all is right.
  func mistakes() async throws -> [String]
}

/// A row for each job; with `ONESHOT_MODELLED`, names with commas, those alone.
let modelledJobs: [any ModelledJob.Type] = {
  let all: [any ModelledJob.Type] = [
    Usage.self, Leaderboards.self, Rollups.self, Catalogue.self, Drained.self, Ward.self, Pages.self, Trends.self,
    People.self, WarmedFeeds.self,
  ]
  let wanted = ProcessInfo.processInfo.environment["ONESHOT_MODELLED"]?.split(separator: ",").map(String.init)
  return all.filter { wanted?.contains($0.job) ?? true }
}()

extension ModelledJob {
  static var ways: [[String: String]] { [[:]] }

  /// Takes away what the runtime writes of its runs.
  ///
  /// Fences stay: a later run has a higher one.
  func forgetRuns() async throws {
    try await place.execute(
      """
      delete from oneshot.job_runs where job = '\(Self.job)'; delete from oneshot.job_totals where job = '\(Self.job)'
      """)
  }

  /// How its runs ended by the ledger, the oldest first.
  func statuses() async throws -> [String] {
    try await place.rows("select status from oneshot.job_runs where job = '\(Self.job)' order by fence").map { $0[0] }
  }

  /// Does a run in the tests' own process.
  ///
  /// - Parameters:
  ///   - postgres, redis: in front of the servers.
  ///   - settings: besides the fixture's own.
  func runHere(
    postgres: Proxy? = nil, redis: Proxy? = nil, _ settings: [String: String] = [:]
  ) async -> Binary.Outcome {
    let servers = place.environment(postgres: postgres, redis: redis)
    return await InProcess([], environment(settings).merging(servers) { $1 }).outcome(of: TestedJob.self)
  }
}

/// The lines that stand in only one of two lists.
func differences(_ what: String, _ stored: [String], _ model: [String]) -> [String] {
  let difference = stored.difference(from: model)
  return difference.insertions.map { change in
    guard case .insert(_, let line, _) = change else { return "" }
    return "\(what), too much: \(line)"
  }
    + difference.removals.map { change in
      guard case .remove(_, let line, _) = change else { return "" }
      return "\(what), missing: \(line)"
    }
}
