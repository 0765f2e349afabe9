import Feeds
import JobRuntime

extension TopStats {
  struct Settings: JobSettings {
    /// The window of the key without a window in its name.
    let plainWindow: PastWindow
    /// All windows, the widest first.
    let windows: [PastWindow]
    let limit: Int
    let boards: [Board]
    /// Whether only some boards were chosen.
    let hasChosenBoards: Bool
    let keyPrefix: String
    let timeToLive: Duration?
    let keepsHistory: Bool
    let historyKeep: Duration?
    let boardTimeout: Duration?
    let workMemory: Int
    /// Connections that calculate at once.
    let parallel: Int

    private static let usualPrefix = "top:"

    /// Each window is one more count in every pass over a table.
    static let mostWindows = 4

    init(from env: inout Environment) {
      let week = PastWindow(length: .days(7))
      let plain =
        env.custom(
          "TOP_STATS_WINDOW", form: "duration", default: week.text,
          help: "The window of the key that carries no window (top:feeds_liked).",
          selects: .work(as: "window"), written: { [$0.text] }, parse: PastWindow.parse) ?? week
      let others =
        env.custom(
          "TOP_STATS_WINDOWS", form: "durations separated by commas", default: "1d,7d,30d",
          help: "All windows; each board is published for every one (top:feeds_liked:1d).", parse: PastWindow.parseList
        )
        ?? [.days(1), .days(7), .days(30)].map(PastWindow.init)
      plainWindow = plain
      windows = Set(others + [plain]).sorted { $0.length > $1.length }
      let usual = [1, 7, 30].map { PastWindow(length: .days($0)).text }
      // The plain window is always among them.
      env.select(
        ["TOP_STATS_WINDOWS"], as: "windows", windows.map(\.text),
        unlike: usual + (usual.contains(plain.text) ? [] : [plain.text]))
      if windows.count > Self.mostWindows {
        env.complain(
          "TOP_STATS_WINDOWS", "makes \(windows.count) windows with TOP_STATS_WINDOW; \(Self.mostWindows) at most")
      }
      limit = env.int("TOP_STATS_LIMIT", default: 1000, in: 1...100_000, help: "The most members a board has.")
      let folder = env.optionalPath(
        "TOP_STATS_BOARDS_DIR",
        help: "A folder of more boards, one .sql file each, or of replacements by the same name.")
      let chosen = env.custom(
        "TOP_STATS_BOARDS", form: "names separated by commas", default: nil,
        help: "Only these boards; unset, all of them.",
        parse: { .success($0.split(separator: ",").map { String($0.filter { $0 != " " }) }) })
      hasChosenBoards = chosen != nil
      boards = Board.all(folder: folder, chosen: chosen, &env)
      keyPrefix = env.string(
        "TOP_STATS_KEY_PREFIX", default: Self.usualPrefix,
        help:
          "The prefix of the keys; {top}: keeps a board and its meta key in one slot of a Redis Cluster.",
        selects: .work(as: "prefix"))
      env.reserveForInstallers("TOP_STATS_KEY_PREFIX")
      timeToLive = env.optionalDuration(
        "TOP_STATS_TTL", in: .seconds(1) ... .days(3660),
        help: "How long a published board lives unless it is published again; without it the board never expires.")
      keepsHistory = env.bool(
        "TOP_STATS_HISTORY", default: false, help: "Keep each publication in top_stats_history too.",
        selects: .work(as: "history"))
      historyKeep = env.optionalDuration(
        "TOP_STATS_HISTORY_KEEP", in: .days(1) ... .days(36_525), help: "Age at which rows leave the history.",
        selects: .work(as: "history_keep"))
      env.reserveForInstallers("TOP_STATS_HISTORY_KEEP")
      boardTimeout = env.optionalDuration(
        "TOP_STATS_BOARD_TIMEOUT", in: .milliseconds(1) ... .days(1),
        help: "How long one statement may take; what takes longer fails alone.")
      workMemory = env.int(
        "TOP_STATS_WORK_MEM", default: 128, in: 1...65_536, help: "Postgres' work_mem for the calculation, in MB.")
      parallel = env.int("TOP_STATS_PARALLEL", default: 2, in: 1...32, help: "Connections that calculate at once.")
    }

    /// Names a board and its window, for example `feeds_liked` or `feeds_liked:1d`.
    func label(_ board: String, _ window: PastWindow) -> String {
      window == plainWindow ? board : "\(board):\(window.text)"
    }

    /// Names it among dead letters: boards of another prefix have other names.
    func item(_ board: String, _ window: PastWindow) -> String { label(board, window) + itemEnd }

    /// Whether an item has this run's prefix, even if the run does not have its board.
    func isOurPrefix(_ item: String) -> Bool {
      itemEnd.isEmpty ? !item.contains(" of ") : ExactName(item).hasSuffix(itemEnd)
    }

    private var itemEnd: String { keyPrefix == Self.usualPrefix ? "" : " of \(keyPrefix)" }

    func key(_ board: String, _ window: PastWindow) -> String { keyPrefix + label(board, window) }

    func metaKey(_ board: String, _ window: PastWindow) -> String { keyPrefix + "meta:" + label(board, window) }
  }
}
