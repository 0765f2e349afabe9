extension JobFixture {
  /// Runs the job with a Redis behind Sentinels, which fails over while the run stands still behind a step.
  ///
  /// - Parameter step: what it has logged by then.
  /// - Returns: how the run ended, and the servers, of which the former replica is the primary now.
  package func failOver(past step: String) async throws -> (outcome: Binary.Outcome, sentinels: Sentinels) {
    let sentinels = try await Sentinels()
    let run = try await start(["REDIS_URL": sentinels.url(), "JOB_BACKOFF_MAX": "100ms"], past: step)
    try await eventually { try await Sentinels.answer(sentinels.replica.port, "EXISTS", Self.lockKey) == "1\n" }
    try await sentinels.failOver()
    run.letGo()
    return (await run.process.outcome(), sentinels)
  }
}
