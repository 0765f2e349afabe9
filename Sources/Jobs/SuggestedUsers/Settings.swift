import JobRuntime

/// Whose lists a run makes.
enum Mode: String, CaseIterable, Sendable { case changed, users, rebuild, verify }

extension SuggestedUsers {
  /// How a list is written.
  enum Form: String, CaseIterable, Sendable { case string, zset }
  /// Whom a list is filled with.
  enum ColdStart: String, CaseIterable, Sendable { case popular, none }
  /// Whether there has to be a table of blocks.
  enum Blocks: String, CaseIterable, Sendable { case required, none }

  struct Settings: JobSettings {
    let mode: Mode
    /// With `SUGGEST_MODE=users`: whose lists.
    let users: [String]
    let limit: Int
    let batch: Int
    /// Users in one run; a rebuild has no such bound.
    let budget: Int
    let near: Int
    let hop: Int
    let spread: Int
    let active: Duration
    let maxAge: Duration
    let timeToLive: Duration
    let damping: Double
    let minCommon: Int
    /// Queries that suggest people besides friends of friends.
    let sources: [SQLFile]
    let coldStart: ColdStart
    let blocks: Blocks
    let form: Form
    let keyPrefix: String

    init(from env: inout Environment) {
      mode = env.choice(
        "SUGGEST_MODE", default: Mode.changed,
        help:
          "changed: users whose neighbourhood changed, and the oldest lists; users: SUGGEST_USERS; rebuild: everybody; verify: compares only.",
        selects: .work)
      users =
        env.custom(
          "SUGGEST_USERS", form: "ids separated by commas", default: nil,
          help: "With SUGGEST_MODE=users: the users whose lists are made.",
          selects: .once(as: "users"), written: { Selection.asSet($0) }, parse: Self.words) ?? []
      if (mode == .users) == users.isEmpty {
        env.complain(
          "SUGGEST_USERS",
          users.isEmpty ? "is required where SUGGEST_MODE is users" : "is for SUGGEST_MODE=users only")
      }
      limit = env.int("SUGGEST_LIMIT", default: 20, in: 1...100, help: "The most people in a list.")
      batch = env.int("SUGGEST_BATCH", default: 100, in: 1...1000, help: "Users in one statement and one script.")
      budget = env.int(
        "SUGGEST_BUDGET", default: 5000, in: 1...1_000_000,
        help: "Users in one run; the rest waits for the next ones. A rebuild takes all.")
      near = env.int(
        "SUGGEST_NEAR", default: 200, in: 1...10_000, help: "Follows of a user that are read, the newest first.")
      hop = env.int(
        "SUGGEST_HOP", default: 100, in: 1...10_000,
        help: "Follows of each person a user follows that are read, the newest first.")
      spread = env.int(
        "SUGGEST_SPREAD", default: 200, in: 0...10_000,
        help: "When a user follows another one, how many of the user's followers are queued, those seen last first.")
      active = env.duration(
        "SUGGEST_ACTIVE", default: .days(30), in: .seconds(1) ... .days(36_525),
        help: "Users who were not seen for longer get no new list.")
      maxAge = env.duration(
        "SUGGEST_MAX_AGE", default: .days(7), in: .seconds(1) ... .days(3660),
        help: "Age at which a list is made again.")
      timeToLive = env.duration(
        "SUGGEST_TTL", default: .days(14), in: .seconds(10) ... .days(3660),
        help: "How long a list lives, ten per cent more or less by user.")
      damping =
        env.custom(
          "SUGGEST_DAMPING", form: "0…1", default: "0.5",
          help: "A score is divided by the number of followers to this power: 0 prefers the famous.",
          parse: Self.power) ?? 0.5
      minCommon = env.int(
        "SUGGEST_MIN_COMMON", default: 2, in: 1...1000, help: "How many people in common a suggestion needs.")
      let coEngagement = env.bool(
        "SUGGEST_CO_ENGAGEMENT", default: false,
        help: "Also suggests people who liked the same posts within 14 days (feed_likes).")
      let folder = env.optionalPath(
        "SUGGEST_SOURCES_DIR",
        help: "A folder of .sql files that yield (user_id, candidate_id, score, via) for :users, too.")
      sources = [SQLFile].builtIn(
        coEngagement ? [SQLFile(builtIn: "co_engagement", PackageResources.co_engagement_sql)] : [], andFrom: folder,
        named: "SUGGEST_SOURCES_DIR", &env)
      coldStart = env.choice(
        "SUGGEST_COLD_START", default: ColdStart.popular,
        help: "What lists are filled up with: popular, those who have gained most followers in 30 days, or none.")
      blocks = env.choice(
        "SUGGEST_BLOCKS", default: Blocks.required,
        help: "Whether the table blocks has to be there; none is for applications without blocks.")
      form = env.choice(
        "SUGGEST_FORM", default: Form.string, help: "Whether a list is a string of JSON or a sorted set of ids.",
        selects: .work(as: "form"))
      keyPrefix = env.string(
        "SUGGEST_KEY_PREFIX", default: "suggested_users:", help: "The prefix of the keys, before the user's id.",
        selects: .work(as: "prefix"))
      if keyPrefix.isEmpty || keyPrefix.hasPrefix("oneshot:") {
        env.complain("SUGGEST_KEY_PREFIX", "is «\(keyPrefix)»; lists need a prefix, and oneshot: is the jobs' own")
      }
      if maxAge >= timeToLive * 0.9 {
        env.complain("SUGGEST_MAX_AGE", "is so long that lists expire before they are made again (SUGGEST_TTL)")
      }
      env.reserveForInstallers("SUGGEST_KEY_PREFIX", "SUGGEST_BLOCKS")
    }

    private static func words(_ text: String) -> Environment.Parsed<[String]> {
      .success(
        text.split(separator: ",").map { word in
          String(word.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }.filter { !$0.isEmpty })
    }

    private static func power(_ text: String) -> Environment.Parsed<Double> {
      guard let value = Double(text), (0...1).contains(value) else {
        return .failure("is «\(text)», not a number from 0 to 1")
      }
      return .success(value)
    }
  }
}
