/// A place whose ledger holds what a test plants, and the commands that look at it.
package struct PlantedLedger {
  package let place: Place

  package init(_ place: Place? = nil) async throws {
    if let place { self.place = place } else { self.place = try await Place() }
    // The schema is no news: a job that was never seen is missed.
    try await self.place.execute("update oneshot.migrations set applied_at = now() - interval '100 days'")
  }

  /// Rows of runs; moments are SQL over `g`, which counts them from 0, the newest.
  package func plant(
    _ job: String, server: String = "", variant: String = "", series: String? = nil, shard: Int = 0, of shards: Int = 1,
    every period: String = "1 hour",
    newest: String = "1 minute", count: Int = 1, took: String = "2 seconds", _ status: String = "succeeded",
    kind: String? = nil, message: String? = nil, items: Int = 5, behind: Int = 0, deadline: String = "50 minutes",
    id: String? = nil
  ) async throws {
    func quoted(_ text: String?) -> String { text.map { "'\($0.replacing("'", with: "''"))'" } ?? "null" }
    let id = id.map { "'\($0)'::uuid" } ?? "gen_random_uuid()"
    try await place.execute(
      """
      insert into oneshot.job_runs (run_id, job, server, variant, series, shard, shard_count, scheduled_at, scheduled_by, forced, status,
        attempt, fence, started_at, finished_at, deadline_at, items_processed, behind, errors_total, error_kind,
        error_message, host, version)
      select \(id), \(quoted(job)), \(quoted(server)), \(quoted(variant)), \(quoted(series)), \(shard), \(shards), start, 'clock', false, \(quoted(status)),
        1, 1, start, case when \(quoted(status)) <> 'running' then start + interval \(quoted(took)) end,
        start + interval \(quoted(deadline)), \(items), \(behind), 0, \(quoted(kind)), \(quoted(message)), 'host-1', '0'
      from generate_series(0, \(count - 1)) g,
        lateral (select now() - interval \(quoted(newest)) - g * interval \(quoted(period)) as start) moment
      """)
  }

  package func oneshot(_ arguments: [String], _ settings: [String: String] = [:]) async throws -> Binary.Outcome {
    try await Binary("oneshot").run(arguments, place.environment.merging(settings) { $1 })
  }

  /// What `oneshot health` finds, each as `part kind`, and its exit code.
  package func health(_ settings: [String: String] = [:]) async throws -> (troubles: [String], exitCode: Int32) {
    let run = try await oneshot(["health", "--json"], settings)
    let troubles = run.result["troubles"].elements.map { trouble in
      let variant = trouble["variant"].string ?? ""
      let shard = trouble["shard"].int ?? 0
      return (trouble["job"].string ?? "") + (variant.isEmpty ? "" : ":\(variant)") + (shard == 0 ? "" : "/\(shard)")
        + " \(trouble["kind"].string ?? "")"
    }
    if !run.result.isThere { throw TestFailure("no JSON: \(run.output)\(run.errors)") }
    return (troubles, run.exitCode)
  }

  package func doctor(
    _ settings: [String: String] = [:], _ arguments: [String] = [], by binary: Binary = Binary("job-doctor")
  ) async throws -> Binary.Outcome {
    try await binary.run(arguments, place.environment.merging(settings) { $1 })
  }
}

extension Binary.Outcome {
  /// What the doctor found, each as `part kind`.
  package var found: [String] {
    result["details", "found"].elements.map { "\($0["part"].string ?? "") \($0["kind"].string ?? "")" }
  }
}
