/// Secrets of the program's own, by the names of its variables: what it prints must not show them.
enum ForeignSecrets {
  private static let marks = [
    "PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "TOKEN", "CREDENTIAL", "API_KEY", "PRIVATE_KEY", "ACCESS_KEY",
  ]
  /// Shorter ones would tear holes into ordinary words.
  private static let shortest = 6

  static func values(in environment: [String: String]) -> [String] {
    environment.flatMap { name, value in
      let isMarked = marks.contains { name.uppercased().contains($0) }
      return (isMarked ? lines(of: value) : []) + [password(inURL: value)].compactMap(\.self)
    }.filter { $0.utf8.count >= shortest }
  }

  /// The value, and each of its lines: what the program prints is looked at line by line.
  private static func lines(of value: String) -> [String] {
    [value] + value.split(whereSeparator: \.isNewline).map(String.init)
  }

  /// `secret` of `scheme://user:secret@host`.
  private static func password(inURL text: String) -> String? {
    guard let start = text.firstRange(of: "://")?.upperBound else { return nil }
    let authority = text[start...].prefix { $0 != "/" }
    guard let end = authority.lastIndex(of: "@"), let colon = authority[..<end].firstIndex(of: ":") else { return nil }
    return String(authority[authority.index(after: colon)..<end])
  }
}
