/// Reads and writes `500ms`, `30s`, `5m`, `1h`, `7d`.
public enum DurationText {
  // Longest unit first, for writing.
  private static let units: [(name: String, milliseconds: Int64)] = [
    ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
  ]

  /// `nil` for anything else, and for more than a hundred years.
  public static func parse(_ text: String) -> Duration? {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    let unit = text[digits.endIndex...]
    guard let count = Int64(digits), let factor = units.first(where: { $0.name == unit })?.milliseconds else {
      return nil
    }
    let (milliseconds, overflow) = count.multipliedReportingOverflow(by: factor)
    // A hundred years: far beyond any use, and far from an overflow in any sum.
    guard !overflow, milliseconds <= 36_525 * 86_400_000 else { return nil }
    return .milliseconds(milliseconds)
  }

  /// Writes a duration in the largest unit that divides it: 48 hours are `2d`; parts of a millisecond are dropped.
  public static func format(_ duration: Duration) -> String {
    let milliseconds = duration.inMilliseconds
    // The largest unit that fits: «7d» stays in days, and «48h» becomes «2d».
    let unit = units.first { milliseconds != 0 && milliseconds % $0.milliseconds == 0 }
    guard let unit else { return "0s" }
    return "\(milliseconds / unit.milliseconds)\(unit.name)"
  }
}
