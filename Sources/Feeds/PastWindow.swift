public import JobRuntime

/// How far back a list looks from the run's scheduled time.
public struct PastWindow: Hashable, Sendable {
  /// The distance from the start to the scheduled time; positive where it was parsed.
  public let length: Duration

  /// - Parameter length: a positive duration.
  public init(length: Duration) { self.length = length }

  /// The length as a setting reads it, in the largest unit that fits: `48h` becomes `2d`.
  public var text: String { DurationText.format(length) }

  /// The start of the window; its end is not included.
  public func start(before end: Timestamp) -> Timestamp { end - length }

  /// Reads one duration, such as `12h`; anything else, and zero, is a failure that says so.
  public static func parse(_ text: String) -> Environment.Parsed<PastWindow> {
    guard let length = DurationText.parse(text), length > .zero else {
      return .failure("holds «\(text)», not a duration such as 12h or 7d")
    }
    return .success(PastWindow(length: length))
  }

  /// Reads durations separated by commas; blanks around them do not count.
  public static func parseList(_ text: String) -> Environment.Parsed<[PastWindow]> {
    var windows: [PastWindow] = []
    for word in text.split(separator: ",", omittingEmptySubsequences: false) {
      switch parse(word.filter { $0 != " " }) {
      case .success(let window): windows.append(window)
      case .failure(let problem): return .failure(problem)
      }
    }
    return .success(windows)
  }
}
