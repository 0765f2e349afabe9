import Feeds
import JobRuntime

extension Trending {
  struct Settings: JobSettings {
    /// The widest first.
    let windows: [TrendingWindow]
    let limits: Limits
    let weights: Weights
    let perUser: Int
    /// 0 is any age.
    let postAge: Duration
    let accountAge: Duration
    let sources: [Source]
    let keyPrefix: String
    let timeToLive: Duration?
    let sourceTimeout: Duration?
    let workMemory: Int

    private static let usualPrefix = "trending:"
    private static let usualWindows = "1h,24h,7d"

    init(from env: inout Environment) {
      let list = env.custom(
        "TRENDING_WINDOWS", form: "durations separated by commas", default: Self.usualWindows,
        help: "The windows, each with its key (trending:24h): one schedule for all, or one for each.",
        selects: .work(as: "windows"), written: { $0.windows.map(\.label) }, parse: WindowList.parse)
      let members = env.int("TRENDING_LIMIT", default: 50, in: 1...10_000, help: "The most members a list has.")
      let decay = env.custom(
        "TRENDING_DECAY", form: "0.95 or 0.5@1h,0.95@24h", default: Decay.usual.text,
        help: "Share of an event's weight that is left after an hour, for all windows or for each.", parse: Decay.parse)
      weights =
        env.custom(
          "TRENDING_WEIGHTS", form: "KIND=POINTS separated by commas", default: Weights.usual.text,
          help: "What an event of each kind counts; 0 leaves the kind out.", parse: Weights.parse) ?? .usual
      perUser = env.int(
        "TRENDING_PER_USER", default: 1, in: 0...1_000_000,
        help: "How many events of one user, kind and post count, the newest first; 0 counts all.")
      let perAuthor = env.int(
        "TRENDING_PER_AUTHOR", default: 3, in: 0...10_000,
        help: "The most posts of one author in a list; 0 is any number.")
      let people = env.int(
        "TRENDING_MIN_USERS", default: 3, in: 0...1_000_000,
        help: "How many people other than the author a post needs.")
      limits = Limits(members: members, perAuthor: perAuthor, people: people)
      postAge = env.duration(
        "TRENDING_POST_AGE", default: .days(30), help: "Older posts do not trend; with 0s posts of any age do.")
      accountAge = env.duration(
        "TRENDING_ACCOUNT_AGE", default: .zero, help: "Events of users with a younger account do not count.")
      let folder = env.optionalPath(
        "TRENDING_SOURCES_DIR",
        help: "A folder of more sources, one .sql file each, or of replacements by the same name.")
      sources = Source.all(folder: folder, weights: weights, &env)
      keyPrefix = env.string(
        "TRENDING_KEY_PREFIX", default: Self.usualPrefix,
        help: "The prefix of the keys; {trending}: keeps a list and its meta key in one slot of a Redis Cluster.",
        selects: .work(as: "prefix"))
      if keyPrefix.hasPrefix("oneshot:") {
        env.complain("TRENDING_KEY_PREFIX", "is «\(keyPrefix)»; oneshot: is the jobs' own")
      }
      timeToLive = env.optionalDuration(
        "TRENDING_TTL", in: .seconds(1) ... .days(3660),
        help: "How long a published list lives unless it is published again; without it the list never expires.")
      sourceTimeout = env.optionalDuration(
        "TRENDING_SOURCE_TIMEOUT", in: .milliseconds(1) ... .days(1),
        help: "How long one statement may take; a window that takes longer keeps its list.")
      workMemory = env.int(
        "TRENDING_WORK_MEM", default: 128, in: 1...65_536, help: "Postgres' work_mem for the calculation, in MB.")

      var usual = WindowList(windows: [])
      if case .success(let list) = WindowList.parse(Self.usualWindows) { usual = list }
      windows = (list ?? usual).windows.map { window, label in
        TrendingWindow(window: window, label: label, decay: decay?.share(for: window) ?? Decay.usual)
      }
      env.reserveForInstallers("TRENDING_KEY_PREFIX")
    }

    func key(_ window: TrendingWindow) -> String { keyPrefix + window.label }

    func metaKey(_ window: TrendingWindow) -> String { keyPrefix + "meta:" + window.label }

    /// Names something of a window among dead letters: lists of another prefix have other names.
    func item(_ name: String, _ window: TrendingWindow) -> String {
      "\(name):\(window.label)" + (keyPrefix == Self.usualPrefix ? "" : " of \(keyPrefix)")
    }
  }
}
