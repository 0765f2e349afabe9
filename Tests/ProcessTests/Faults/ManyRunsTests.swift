import Foundation
import Redis
import TestSupport
import Testing

/// Row 20: many runs, one after the other.
@Suite(.timeLimit(.minutes(10))) struct ManyRunsTests {
  /// `make soak` does a thousand.
  private static let runs = ProcessInfo.processInfo.environment["ONESHOT_SOAK_RUNS"].flatMap { Int($0) } ?? 200

  @Test func `20: nothing grows with the number of runs`() async throws {
    let usage = try await Usage()
    let place = usage.place
    try await usage.set(["m:2025-11-06:x": "5", "bad:2025-11-07:x": "?"])
    #expect(try await usage.run().exitCode == 65)
    // More old rows than one run takes away; a row of another job is not this one's business.
    try await place.execute(
      """
      insert into oneshot.job_runs (run_id, job, server, shard, shard_count, scheduled_at, scheduled_by, forced, status,
        attempt, fence, started_at, host, version)
      select gen_random_uuid(), case when n = 0 then 'other' else run.job end, run.server, 0, 1, moment, 'clock', false,
        'succeeded', 1, 0, moment, 'h', '0'
      from oneshot.job_runs run, generate_series(0, 1200) n,
        lateral (select now() - interval '91 days' - make_interval(secs => n)) m (moment)
      """)
    let folder = try TemporaryFolder()
    let settings = ["TMPDIR": folder.path, "HOME": folder.path, "JOB_RESULT_FILE": "\(folder.path)/result"]
    for number in 2...Self.runs {
      let run = try await usage.run([], settings)
      try #require(run.exitCode == 65, "run \(number): \(run.output)")
    }

    let jobs = try await place.rows("select job as a, count(*) as b from oneshot.job_runs group by job order by 1")
    #expect(jobs == [["other", "1"], ["usage-aggregation", "\(Self.runs)"]])
    #expect(try await place.value("select count(*) from oneshot.fences") == "1")
    #expect(try await usage.deadLetters() == ["usage:bad:2025-11-07:x": "not_integer/pending/\(Self.runs)"])
    #expect(try await usage.stored() == ["m:2025-11-06:x": "5"])
    let keys = try await place.redis("KEYS", "*").elements.compactMap(\.text)
    #expect(Set(keys) == ["usage:m:2025-11-06:x", "usage:bad:2025-11-07:x"])
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["result"])
    try await eventually {
      try await place.value(
        "select count(*) from pg_stat_activity where application_name = 'oneshot' and datname = current_database()")
        == "0"
    }
    let clients = try await place.redis("CLIENT", "LIST").text ?? ""
    let database = place.redisNumber
    #expect(!clients.split(separator: "\n").contains { $0.contains("name=usage-") && $0.contains(" db=\(database) ") })
    // The lock is taken in the same number, and its script is the only thing that stays in the server.
    #expect(try await place.value("select count(*) from pg_class where relname = 'staged_counters'") == "0")
  }
}
