import Foundation
import TestSupport
import Testing

/// `oneshot check`: the checks of several jobs at once.
@Suite(.timeLimit(.minutes(10))) struct CheckTests {
  private let place: Place

  init() async throws { place = try await Place() }

  private func check(_ words: [String], _ settings: [String: String] = [:]) async throws -> Binary.Outcome {
    try await Binary("oneshot").run(["check"] + words, place.environment.merging(settings) { $1 })
  }

  @Test func `jobs that are well are one line each, and the exit code is 0`() async throws {
    let well = try await check(["usage-aggregation", "job-doctor"])
    #expect(well.exitCode == 0, "\(well.output)\(well.errors)")
    let lines = well.output.split(separator: "\n").map {
      $0.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
    #expect(lines == ["JOB EXIT CHECK", "usage-aggregation 0 ok", "job-doctor 0 ok"])
  }

  @Test func `the worst exit code counts, and below the table is what is wrong and what to do`() async throws {
    let folder = try TemporaryFolder()
    for (job, settings) in [
      ("usage-aggregation", "# out of reach\nREDIS_URL=redis://:secret-0123@127.0.0.1:1\nJOB_ATTEMPTS=1\n"),
      ("job-doctor", "HEALTH_FAILURES=\"0\"\n"), ("metrics-rollups", ""),
    ] { try settings.write(toFile: "\(folder.path)/\(job).settings", atomically: true, encoding: .utf8) }
    try "JOB_LOG_LEVEL=error\n".write(toFile: "\(folder.path)/settings", atomically: true, encoding: .utf8)
    let wrong = try await check(["--settings", folder.path])
    #expect(wrong.exitCode == 78, "\(wrong.output)\(wrong.errors)")
    #expect(wrong.output.contains(/usage-aggregation +69 +1 wrong/) && wrong.output.contains(/job-doctor +78 +1 wrong/))
    #expect(wrong.output.contains(/metrics-rollups +0 +ok/) && wrong.output.contains("HEALTH_FAILURES"))
    #expect(!(wrong.output + wrong.errors).contains("secret-0123"))
    let one = try await check(["--settings", folder.path, "usage-aggregation", "metrics-rollups"])
    #expect(one.exitCode == 69)
    let json = try await check(["--json", "--settings", folder.path]).result.elements
    #expect(json.map { $0["exit_code"].int } == [78, 0, 69], "\(json)")
  }

  @Test func `a job without a binary, and a folder that is not there, are named`() async throws {
    let unknown = try await check(["no-such-job"])
    #expect(unknown.exitCode == 78 && unknown.errors.contains("no-such-job"), "\(unknown.errors)")
    let folder = try await check(["--settings", "/nowhere"])
    #expect(folder.exitCode == 78 && folder.errors.contains("/nowhere"), "\(folder.errors)")
    let line = try TemporaryFolder()
    try "no setting\n".write(toFile: "\(line.path)/job-doctor.settings", atomically: true, encoding: .utf8)
    let malformed = try await check(["--settings", line.path])
    #expect(malformed.exitCode == 78 && malformed.errors.contains("job-doctor.settings:1"), "\(malformed.errors)")
  }
}
