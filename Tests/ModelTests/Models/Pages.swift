import Foundation
import TestSupport

@testable import JobReport

/// A ledger and the page of it.
///
/// The model is which jobs the ledger has.
struct Pages: ModelledJob {
  typealias TestedJob = StatusPage
  static let job = "job-report"

  let ledger: PlantedLedger
  let folder: TemporaryFolder
  var place: Place { ledger.place }

  private var file: String { "\(folder.path)/report.html" }

  var settings: [String: String] { ["REPORT_FILE": file] }

  static func make(on servers: PrivateServers?) async throws -> Pages {
    let pages = Pages(ledger: try await PlantedLedger(Place(on: servers)), folder: try TemporaryFolder())
    try await pages.ledger.plant("job-10", count: 2)
    return pages
  }

  func clear() async throws {
    try await forgetRuns()
    try? FileManager.default.removeItem(atPath: file)
  }

  func change(using random: inout SeededGenerator) async throws {
    try await ledger.plant("job-\(Int.random(in: 11...99, using: &random))")
  }

  func mistakes() async throws -> [String] {
    let page = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
    let names = try await place.rows("select distinct job from oneshot.job_runs where job <> '\(Self.job)'")
    return names.map { $0[0] }.filter { !page.contains($0) }.map { "the page does not have \($0)" }
  }
}
