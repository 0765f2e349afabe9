import JobRuntime
import Postgres

extension Suggestions {
  private static let hubsAge = Duration.hours(1)

  /// Counts those whom many follow, unless a run has done so within the hour.
  func refreshHubs(_ run: JobRun) async throws {
    let isFresh = standing.countedAt.map { $0 > run.scheduledAt - Self.hubsAge } ?? false
    guard !run.isDryRun, !isFresh, run.shard.index == 0 else { return }
    let count = try countHubs().limited(to: run.timeLeft)
    try await run.transaction { tx in
      try tx.pipeline(["set local jit = off", "set local work_mem = '64MB'"])
      try tx.execute(count)
    }
  }

  /// Those who have gained most followers: one list in each run, not one for each user.
  func popularPeople(_ run: JobRun) async throws -> [String] {
    guard settings.coldStart == .popular else { return [] }
    let statement = try Statement(
      file: "popular.sql", PackageResources.popular_sql, binding: ["limit": Self.popular])
    return try await run.read(statement).map { try $0.value("user_id") }
  }
}
