import JobRuntime
import Postgres

extension FraudDetection: Checkable {
  var needs: JobNeeds { Self.facts.needs }

  /// Has the server parse the operator's checks, and reads the file of domains.
  func check(_ run: JobRun) async throws -> [JobFailure] {
    var failures: [JobFailure] = []
    do { _ = try settings.domainsFile.map(Domains.read) } catch let failure as JobFailure { failures.append(failure) }
    let files = settings.files
    let moment = run.scheduledAt
    return try await failures
      + run.reading { session in
        let values: [String: any PostgresEncodable] = ["entries": [Int64](), "moment": moment]
        return try files.compactMap { file in
          do {
            try session.parse(file, binding: values)
            _ = try session.describe(file.wrapped(in: OwnChecks.frame), binding: values)
            return nil
          } catch let failure as SQLFile.Failure {
            return JobFailure(
              .misconfigured, failure.description,
              hint: "A check yields entry_id, points and evidence. Correct the file, or leave it out of FRAUD_CHECKS.")
          }
        }
      }
  }

  /// Names the checks that are off because a column is missing.
  func remarks(_ run: JobRun) async throws -> [String] {
    var screening = Screening(settings, run)
    try await screening.look()
    return screening.report.skippedColumns.map { "waitlist_entries has no column \($0): \(Rules.without($0))" }
  }

  func advice(for run: JobRun) -> Statement? {
    try? Statement(file: "index_advice.sql", PackageResources.index_advice_sql)
  }
}

extension Rules {
  /// What a run does without one of the optional columns.
  fileprivate static func without(_ column: String) -> String {
    switch column {
    case "ip": "duplicate_ip is off, and self_referral does not compare networks"
    case "device_fingerprint": "duplicate_device is off, and self_referral does not compare devices"
    case "verified_at": "disposable addresses weigh as unverified ones"
    default: "bot does not look at it"
    }
  }
}
