import Feeds
import JobRuntime

/// A list's window, by the name that it has in keys, and how fast events age in it.
struct TrendingWindow: Sendable, Equatable {
  let window: PastWindow
  /// As `TRENDING_WINDOWS` has it: `24h` stays `24h`.
  let label: String
  let decay: Decay.Share

  func start(before end: Timestamp) -> Timestamp { window.start(before: end) }
}

/// `TRENDING_WINDOWS`.
struct WindowList: Sendable {
  /// The widest first.
  let windows: [(window: PastWindow, label: String)]

  /// Each is one more sum in the pass that reads all events.
  static let most = 4
  static let longest = Duration.days(31)

  static func parse(_ text: String) -> Environment.Parsed<WindowList> {
    var windows: [(window: PastWindow, label: String)] = []
    for word in text.split(separator: ",", omittingEmptySubsequences: false) {
      let label = String(word.filter { $0 != " " })
      switch PastWindow.parse(label) {
      case .success(let window):
        guard (.minutes(1)...longest).contains(window.length) else {
          return .failure("holds \(label), outside of 1m…31d: top-stats has longer windows")
        }
        guard !windows.contains(where: { $0.window == window }) else { return .failure("holds \(label) twice") }
        windows.append((window, label))
      case .failure(let problem): return .failure(problem)
      }
    }
    guard windows.count <= most else { return .failure("holds \(windows.count) windows; \(most) at most") }
    return .success(WindowList(windows: windows.sorted { $0.window.length > $1.window.length }))
  }
}

/// `TRENDING_DECAY`: one share for all windows, or one for each.
struct Decay: Sendable {
  /// The share of an event's weight that is left after an hour.
  struct Share: Sendable, Equatable {
    let value: Double
    let text: String
  }

  private var shares: [(window: PastWindow?, share: Share)] = []

  static let usual = Share(value: 0.95, text: "0.95")

  func share(for window: PastWindow) -> Share {
    (shares.first { $0.window == window } ?? shares.first { $0.window == nil })?.share ?? Self.usual
  }

  static func parse(_ text: String) -> Environment.Parsed<Decay> {
    var decay = Decay()
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let words = part.split(separator: "@", omittingEmptySubsequences: false).map { String($0.filter { $0 != " " }) }
      guard words.count <= 2, let share = share(words[0]) else {
        return .failure("holds «\(part)», not a share above 0 and at most 1, for all windows or for one: 0.5@1h")
      }
      var window: PastWindow?
      if words.count == 2 {
        guard case .success(let found) = PastWindow.parse(words[1]) else {
          return .failure("holds «\(part)»: after the @ it needs a window such as 24h")
        }
        window = found
      }
      guard !decay.shares.contains(where: { $0.window == window }) else {
        return .failure("has two shares for \(window?.text ?? "all windows")")
      }
      decay.shares.append((window, share))
    }
    return .success(decay)
  }

  private static func share(_ text: String) -> Share? {
    guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == 0x2E }), let value = Double(text),
      value > 0, value <= 1
    else { return nil }
    return Share(value: value, text: text)
  }
}
