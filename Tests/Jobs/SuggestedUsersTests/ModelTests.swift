import TestSupport
import Testing

/// Lists, against a model in Python that is obviously right (Tests/Feeds/suggestions.py).
@Suite(.timeLimit(.minutes(10))) struct ModelTests {
  @Test(arguments: [0.1, 0.4, 0.9])
  func `every list is the model's to the last byte, and nobody else has one`(seed: Double) async throws {
    let people = try await People()
    try await people.fill(seed: seed)
    let run = try await people.run([], ["SUGGEST_MODE": "rebuild"])
    #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
    let wanted = try await people.model()
    #expect(try await people.lists() == wanted)
    #expect(wanted.count > 50 && run.count("changed") == run.count("users"))
  }

  @Test func `every setting of the score is the model's, too`() async throws {
    let people = try await People()
    try await people.fill(seed: 0.7, users: 60, follows: 500)
    for (limit, damping, minCommon, coldStart) in [
      (3, 0.0, 1, true), (100, 1.0, 3, false), (20, 0.25, 2, false), (7, 0.5, 2, true),
    ] {
      let run = try await people.run(
        [],
        [
          "SUGGEST_MODE": "rebuild", "SUGGEST_LIMIT": "\(limit)", "SUGGEST_DAMPING": "\(damping)",
          "SUGGEST_MIN_COMMON": "\(minCommon)", "SUGGEST_COLD_START": coldStart ? "popular" : "none",
          "SUGGEST_BATCH": "7",
        ])
      #expect(run.exitCode == 0, "\(run.output)\(run.errors)")
      #expect(
        try await people.lists()
          == people.model(limit: limit, damping: damping, minCommon: minCommon, coldStart: coldStart))
    }
  }

  @Test func `after some follows, unfollows and blocks, changed makes what rebuild makes`() async throws {
    let people = try await People()
    try await people.fill()
    _ = try await people.run([], ["SUGGEST_MODE": "rebuild"])
    _ = try await people.run()
    try await people.place.execute(
      """
      insert into follows select g, g + 20, timestamptz '\(People.now)' - interval '1 minute' from generate_series(1, 20) g
      on conflict do nothing;
      delete from follows where follower_id in (3, 4) and followee_id < 20;
      insert into blocks values (5, 30), (31, 6) on conflict do nothing;
      insert into users values (1000, null, null, true, timestamptz '\(People.now)')
      """)
    // Hubs are counted once an hour.
    let later = ["JOB_SCHEDULED_AT": "2025-11-08T03:30:00Z"]
    let queued = Set(
      try await people.place.rows("select distinct user_id from oneshot.suggestion_pending").map { $0[0] })
    #expect(queued.isSuperset(of: ["1", "20", "3", "4", "5", "30", "31", "6", "1000"]))
    let run = try await people.run([], later)
    #expect(run.exitCode == 0 && run.count("behind") == 0, "\(run.output)\(run.errors)")
    let changed = try await people.lists()
    _ = try await people.run([], later.merging(["SUGGEST_MODE": "rebuild"]) { $1 })
    let rebuilt = try await people.lists()
    for user in queued { #expect(changed[user] == rebuilt[user], "user \(user)") }
    #expect(try await people.forbidden().isEmpty)
  }
}
