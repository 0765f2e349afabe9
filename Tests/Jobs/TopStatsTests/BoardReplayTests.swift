import TestSupport
import Testing

/// Dead letters of top-stats that somebody asked for: every run does all boards anyway.
@Suite(.timeLimit(.minutes(10))) struct BoardReplayTests {
  @Test func `boards that failed are resolved, or counted again; a board that there is no more stays asked`()
    async throws
  {
    let boards = try await Leaderboards()
    try await boards.fill()
    // A board that was never on would be off without its table.
    #expect(try await boards.run().exitCode == 0)
    try await boards.place.execute("alter table feed_likes rename to away; alter table follows rename to gone")
    let days = ["TOP_STATS_WINDOWS": "7d"]
    #expect(try await boards.run([], days).exitCode == 65)
    // One of a window that is no longer asked for.
    #expect(try await boards.run([], days.merging(["TOP_STATS_WINDOW": "1d"]) { $1 }).exitCode == 65)
    try await boards.place.execute("alter table away rename to feed_likes")
    try await boards.place.askForReplay("--kind", "board_failed")
    let total = Int(try await boards.place.value("select count(*) from oneshot.dead_letters")) ?? 0
    var told: [Int] = []
    // Two shards, each with its boards.
    for index in 0...1 {
      let run = try await boards.run(
        [], ["TOP_STATS_WINDOWS": "7d", "JOB_SHARD_COUNT": "2", "JOB_SHARD_INDEX": "\(index)"])
      let replayed = run.result["details", "replayed"]
      told.append(replayed["handed"].int ?? 0)
      #expect(
        replayed["handed"].int
          == (replayed["resolved"].int ?? 0) + (replayed["failed_again"].int ?? 0) + (replayed["left"].int ?? 0))
    }
    #expect(told.reduce(0, +) == total && told.allSatisfy { $0 > 0 }, "\(told)")
    #expect(
      try await boards.place.letters(where: "item !~ ':7d'") == [
        "feeds_liked resolved 2", "users_active resolved 2", "users_followed pending 3", "users_liked resolved 2",
      ])
    #expect(
      try await boards.place.value(
        "select bool_and(replay_asked_at is not null and state = 'pending') from oneshot.dead_letters where item ~ ':7d'"
      )
        == "true")
  }

  @Test func `a run of chosen boards is not given the letters of others`() async throws {
    let boards = try await Leaderboards()
    try await boards.fill()
    // A board that was never on would be off without its table.
    #expect(try await boards.run().exitCode == 0)
    try await boards.place.execute("alter table feed_likes rename to away")
    #expect(try await boards.run().exitCode == 65)
    try await boards.place.execute("alter table away rename to feed_likes")
    try await boards.place.askForReplay("--job", "top-stats")
    let chosen = try await boards.run([], ["TOP_STATS_BOARDS": "users_followed"])
    #expect(chosen.exitCode == 0 && !chosen.result["details", "replayed"].isThere, "\(chosen.output)")
    #expect(!chosen.errors.contains("could not do again"), "\(chosen.errors)")
    let all = try await boards.run()
    #expect(all.exitCode == 0 && all.result["details", "replayed", "left"].int == 0, "\(all.output)")
    #expect(
      try await boards.place.value("select count(*) from oneshot.dead_letters where state = 'pending'") == "0")
  }
}
