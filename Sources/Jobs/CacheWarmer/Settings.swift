import JobRuntime

extension CacheWarmer {
  /// The type of the published keys.
  enum Form: String, CaseIterable, Sendable { case string, list, zset }

  enum Blocks: String, CaseIterable, Sendable { case table, none }

  /// What says which users are active.
  enum Activity: Sendable, Equatable {
    /// The application's tables of events.
    case database
    /// A sorted set of user ids by the second in which they were last seen.
    case sortedSet(key: String)
  }

  struct Settings: JobSettings {
    let keyPrefix: String
    let form: Form
    let users: Int
    let active: Duration
    let activity: Activity
    let limit: Int
    let timeToLive: Duration
    let ahead: Duration
    let batch: Int
    /// The user's own ranking; without it the built-in one.
    let ranking: SQLFile?
    let authorMost: Int
    let horizon: Duration
    let blocks: Blocks

    static let usualPrefix = "feed:"

    /// How many users one process takes.
    static let mostUsers = 20_000

    init(from env: inout Environment) {
      keyPrefix = env.string(
        "WARM_KEY_PREFIX", default: Self.usualPrefix,
        help: "The prefix of the keys; {feed}: keeps all feeds in one slot of a Redis Cluster.",
        selects: .work(as: "prefix"))
      form = env.choice(
        "WARM_FORM", default: Form.string,
        help: "The keys' type: a string of JSON, a list of ids with the best first, or a sorted set of ids by score.")
      users = env.int(
        "WARM_USERS", default: 1000, in: 1...1_000_000,
        help: "Number of most active users; \(Self.mostUsers) at most for each process of JOB_SHARD_COUNT.")
      active = env.duration(
        "WARM_ACTIVE", default: .days(7), in: .minutes(1) ... .days(366),
        help: "Users count as active if they were within this time before the moment.")
      activity =
        env.custom(
          "WARM_ACTIVITY", form: "database or redis:KEY", default: "database",
          help:
            "Finds active users in the tables of events, or in a sorted set of user ids by last-seen seconds that the application keeps.",
          parse: Self.parseActivity) ?? .database
      limit = env.int("WARM_LIMIT", default: 50, in: 1...1000, help: "Posts in a feed.")
      timeToLive = env.duration(
        "WARM_TTL", default: .seconds(120), in: .seconds(10) ... .days(7),
        help: "Lifetime of a feed from the moment on, give or take a tenth by the user's id.")
      ahead = env.duration(
        "WARM_AHEAD", default: .seconds(75), in: .seconds(1) ... .days(7),
        help: "Renews feeds that have less than this left: the schedule's period plus the longest run.")
      batch = env.int("WARM_BATCH", default: 100, in: 1...1000, help: "Users in one statement.")
      ranking = env.optionalPath(
        "WARM_RANKING", help: "An .sql file that yields user_id, post_id and score for :users and :moment."
      ).map(SQLFile.init(path:))
      authorMost = env.int("WARM_AUTHOR_MAX", default: 5, in: 1...1000, help: "Posts of one author in a feed.")
      horizon = env.duration(
        "WARM_HORIZON", default: .days(7), in: .hours(1) ... .days(14), help: "Age of the oldest post in a feed.")
      blocks = env.choice(
        "WARM_BLOCKS", default: Blocks.table,
        help: "none says that the application has no table blocks; otherwise a run without that table is refused.")
      if ahead >= timeToLive {
        env.complain("WARM_AHEAD", "is not below WARM_TTL, so every feed would be renewed by every run")
      }
      if keyPrefix.isEmpty || keyPrefix.hasPrefix("oneshot:") {
        env.complain("WARM_KEY_PREFIX", "is «\(keyPrefix)»; feeds need a prefix, and oneshot: is the jobs' own")
      }
      if let problem = ranking?.problem { env.complain("WARM_RANKING", "cannot be used: \(problem)") }
      env.reserveForInstallers("WARM_KEY_PREFIX", "WARM_BLOCKS")
    }

    private static func parseActivity(_ text: String) -> Environment.Parsed<Activity> {
      if text == "database" { return .success(.database) }
      let key = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      guard key.count == 2, key[0] == "redis", !key[1].isEmpty else {
        return .failure("is «\(text)», not database or redis:KEY")
      }
      return .success(.sortedSet(key: String(key[1])))
    }

    func key(_ user: String) -> String { keyPrefix + user }

    /// How long a feed lives, counted from the moment that it is as of: different from user to user, and the same for a
    /// user in every run.
    func life(of user: String) -> Duration {
      let life = timeToLive.inMilliseconds
      return .milliseconds(life + life * (Int64(Self.digest(user) % 2001) - 1000) / 10_000)
    }

    /// Whether a user is this process's.
    static func isShare(_ user: String, of shard: Shard) -> Bool {
      (digest(user) >> 32) % UInt64(shard.count) == UInt64(shard.index)
    }

    private static func digest(_ user: String) -> UInt64 {
      var user = user
      return user.withUTF8 { FNV1a.digest(UnsafeRawBufferPointer($0)) }
    }
  }
}
