import JobRuntime
import Postgres

extension MetricsRollups: Checkable {
  var needs: JobNeeds {
    var needs = Self.facts.needs
    if settings.keeping.raw != nil {
      needs.tables.append(TableNeed("metric_events", columns: ["occurred_at"], privileges: [.delete]))
    }
    if settings.sources.contains(where: { $0.file.isBuiltIn && $0.name == "campaign_analytics" }) {
      needs.tables += [
        ("campaign_signups", ["campaign_id", "signed_up_at", "verified_at", "referred_by"]),
        ("campaign_emails", ["campaign_id", "sent_at"]), ("campaign_rewards", ["campaign_id", "delivered_at"]),
      ].map { table, columns in
        TableNeed(
          table, columns: columns, privileges: [.select],
          origin: .application(otherwise: "leave campaign_analytics out of ROLLUPS_SOURCES"))
      }
    }
    return needs
  }

  /// Looks at positions and sources as a run would.
  func check(_ run: JobRun) async throws -> [JobFailure] {
    do {
      let pass = try await RollupPass(settings, run, opensBorders: false)
      return pass.mistakes.map {
        JobFailure(.misconfigured, $0.message, hint: "Fix the file, or leave it out of ROLLUPS_SOURCES.")
      } + pass.trackingProblems.map(\.failure) + pass.ahead.map(RollupPass.borderAhead)
    } catch let failure as JobFailure {
      return [failure]
    }
  }

  func remarks(_ run: JobRun) async throws -> [String] {
    let files = settings.sources.map(\.file)
    // `check` has reported what keeps a run from its work.
    let pass = try? await RollupPass(settings, run, opensBorders: false)
    let changed = pass.map { pass in pass.sources.compactMap(pass.textChanged) } ?? []
    return try await changed
      + run.snapshot { session in try session.foreignMeanings(of: files, binding: Source.allEvents) }
  }

  func advice(for run: JobRun) -> Statement? {
    try? Statement(file: "advice.sql", PackageResources.advice_sql)
  }
}
