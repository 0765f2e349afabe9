import TestSupport

@testable import JobDoctor

/// Jobs that should run and some of which do not, and the doctor that looks at them.
///
/// The model is which have not.
struct Ward: ModelledJob {
  typealias TestedJob = JobDoctor
  static let job = "job-doctor"

  let ledger: PlantedLedger
  var place: Place { ledger.place }

  private static let names = ["one", "two", "three"]

  var settings: [String: String] { ["HEALTH_EXPECT": Self.names.map { "\($0)=30d" }.joined(separator: ",")] }

  static func make(on servers: PrivateServers?) async throws -> Ward {
    let ward = Ward(ledger: try await PlantedLedger(Place(on: servers)))
    try await ward.ledger.plant("one")
    return ward
  }

  func clear() async throws {
    try await forgetRuns()
    try await place.execute("delete from oneshot.incidents")
  }

  func change(using random: inout SeededGenerator) async throws {
    for name in Self.names {
      if Bool.random(using: &random) {
        try await ledger.plant(name)
      } else {
        try await place.execute("delete from oneshot.job_runs where job = '\(name)'")
      }
    }
  }

  func mistakes() async throws -> [String] {
    let open = try await place.rows(
      "select job || ' ' || kind as a from oneshot.incidents where closed_at is null order by 1")
    let model = try await place.rows(
      """
      select name || ' missed' as a from unnest('{\(Self.names.joined(separator: ","))}'::text[]) as expected (name)
      where not exists (select from oneshot.job_runs where job = name) order by 1
      """)
    return differences("incidents", open.map { $0[0] }, model.map { $0[0] })
  }
}
