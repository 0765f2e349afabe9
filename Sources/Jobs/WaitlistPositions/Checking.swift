import JobRuntime
import Postgres

extension WaitlistPositions: Checkable {
  var needs: JobNeeds {
    var needs = Self.facts.needs
    let origin = TableNeed.Origin.application(otherwise: "do not schedule this job, or make a view of that name")
    needs.tables += [
      TableNeed("waitlist_campaigns", columns: ["id", "status"], privileges: [.select], origin: origin),
      TableNeed(
        "waitlist_entries",
        columns: [
          "id", "campaign_id", "referred_by", "original_position", "position", "verified_at", "status",
        ],
        privileges: [.select], limits: [.update: ["position"]], origin: origin),
    ]
    return needs
  }

  /// Looks at the columns' types, at the points of the campaigns, and at whether decisions about fraud can be read.
  func check(_ run: JobRun) async throws -> [JobFailure] {
    do {
      var failures: [JobFailure] = []
      let statement = try Statement(file: "standing.sql", PackageResources.standing_sql, binding: [:])
      let row = try await run.read(statement).only()
      if let wrong: String = try row.optional("wrong_columns") {
        failures.append(
          JobFailure(
            .misconfigured, "not of an integer type: \(wrong)",
            hint: "Make them bigint, or make views of these names that have integers."))
      } else {
        do { try Self.refuse(try await campaigns(run).filter { !$0.hasValidPoints }) } catch let failure as JobFailure {
          failures.append(failure)
        }
      }
      if !(try row.value("may_read_reviews", as: Bool.self)) {
        failures.append(
          JobFailure(
            .denied, "may not select oneshot.fraud_reviews",
            hint: "Have its owner run: grant select on oneshot.fraud_reviews to the role that runs the job."))
      }
      return failures
    } catch let error as PostgresError
      where error.state == .undefinedTable || error.state == .undefinedColumn || error.state?.isDenied == true
    {
      // Reported as what is missing.
      return []
    }
  }

  func advice(for run: JobRun) -> Statement? {
    try? Statement(file: "index_advice.sql", PackageResources.index_advice_sql, binding: [:])
  }
}
