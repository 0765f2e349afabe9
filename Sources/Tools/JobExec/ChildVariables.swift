import JobRuntime

/// Facts of the run, in the environment of the program.
struct ChildVariables {
  private let facts: [String: String]

  init(of run: JobRun, fence: Int64, _ window: Window?) {
    facts = [
      "ONESHOT_JOB": run.identity.job,
      "ONESHOT_INSTANCE": run.instance,
      "ONESHOT_RUN_ID": run.id.description,
      // For oneshot.check_fence.
      "ONESHOT_FENCE": "\(run.id)/\(fence)",
      "ONESHOT_ATTEMPT": "\(run.attempt)",
      "ONESHOT_SCHEDULED_AT": run.scheduledAt.rfc3339,
      "ONESHOT_STARTED_AT": run.startedAt.rfc3339,
      // Empty before the first success: all there is.
      "ONESHOT_WINDOW_START": window?.start.rfc3339 ?? "",
      "ONESHOT_WINDOW_END": run.scheduledAt.rfc3339,
      "ONESHOT_SECONDS_LEFT": "\(run.timeLeft.components.seconds)",
      "ONESHOT_SHARD_INDEX": "\(run.shard.index)",
      "ONESHOT_SHARD_COUNT": "\(run.shard.count)",
      "ONESHOT_COUNTS_FD": "3",
    ]
  }

  func added(to environment: [String: String]) -> [String: String] { environment.merging(facts) { $1 } }
}
