import TestSupport
import Testing

@testable import JobRuntime

/// Variables that begin as settings do, and that nobody reads.
@Suite(.timeLimit(.minutes(10))) struct UnreadVariableTests {
  private func unread(_ names: String...) -> [UnreadVariable] {
    var env = Environment(Dictionary(names.map { ($0, "x") }) { $1 })
    _ = Servers(from: &env)
    _ = RuntimeSettings(from: &env)
    _ = SampleJob.Settings(from: &env)
    return env.unread
  }

  @Test(
    arguments: [
      ("SAMPLE_WROK", "SAMPLE_WORK"), ("SAMPLE_WORKS", "SAMPLE_WORK"), ("JOB_TIMEOT", "JOB_TIMEOUT"),
      ("JOB_LOCKTTL", "JOB_LOCK_TTL"), ("JOB_HEARTBEAT_URL_FIEL", "JOB_HEARTBEAT_URL_FILE"), ("JOB_COLOUR", nil),
    ] as [(String, String?)])
  func `a misspelt setting is named, with the one that is meant`(name: String, nearest: String?) {
    #expect(unread(name, "SAMPLE_WORK") == [UnreadVariable(name: name, nearest: nearest)])
  }

  @Test func `settings, their files, and what belongs to others are passed over`() {
    #expect(
      unread(
        "JOB_TIMEOUT", "SAMPLE_WORK", "DATABASE_URL_FILE", "REDIS_URL_FILE", "JOB_HEARTBEAT_URL_FILE",
        "AWS_BATCH_JOB_ARRAY_INDEX",
        // A Secret that several jobs share, and what platforms and applications have in the same environment.
        "USAGE_TIMEZONE", "TOP_STATS_TTL", "ROLLUPS_MODE", "REDIS_PORT", "DATABASE_HOST", "AWS_REGION", "PATH",
        "SAMPLES",
      ) == [])
  }

  @Test func `a run warns of it and does its work; --check shows it`() async throws {
    let place = try await Place()
    for arguments in [[], ["--check"]] {
      let process = InProcess(arguments, place.environment.merging(["SAMPLE_WROK": "y"]) { $1 })
      guard case .result(let result) = await Invocation<SampleJob>(process.surroundings).answer() else {
        Issue.record("no result")
        continue
      }
      #expect(result.exitCode == 0)
      let words = "SAMPLE_WROK is set, but this job has no such setting; did you mean SAMPLE_WORK?"
      #expect(process.log.contains { ResultLine(text: $0)["message"].string == words && $0.contains("warning") })
      #expect(result.details["unread_variables"] == (arguments.isEmpty ? nil : [.string(words)]))
    }
  }

  @Test(
    arguments: [
      ("kitten", "sitting", nil), ("JOB_TIMEOUT", "JOB_TIMEOUT", "JOB_TIMEOUT"), ("abcdef", "abdcef", "abdcef"),
      ("abcdefghi", "xbcdxfghx", "xbcdxfghx"), ("", "a", "a"), ("ab", "cd", nil),
    ] as [(String, String, String?)])
  func `a name is near that takes few changes`(text: String, name: String, nearest: String?) {
    #expect(nearestName(to: text, among: [name]) == nearest)
  }
}
