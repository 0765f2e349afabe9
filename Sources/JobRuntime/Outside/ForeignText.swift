/// What a server outside has said, as it may be kept and shown.
public enum ForeignText {
  /// On one line, of characters that can be read and without addresses: who is written to stands in the message's row
  /// alone, and a server may name others whom nobody here knows.
  ///
  /// - Parameters:
  ///   - recipient: hidden in any spelling of capitals, also where its local part stands alone.
  ///   - limit: how many characters are kept.
  public static func shown(_ text: String, hiding recipient: String = "", limit: Int = 500) -> String {
    let local = recipient.prefix { $0 != "@" }.lowercased()
    let words = readable(text).split(separator: " ").map { word -> String in
      let parts = parts(of: word)
      return parts.map { part in
        part.contains("@") ? "(address)" : part.lowercased() == local && !local.isEmpty ? "(recipient)" : String(part)
      }.joined()
    }
    return String(words.joined(separator: " ").prefix(limit))
  }

  /// A word divided where an address may begin or end; what divides it stays, as separate parts.
  private static func parts(of word: Substring) -> [Substring] {
    var parts: [Substring] = []
    var rest = word
    while let character = rest.first {
      let end = rest.firstIndex(where: isDivider) ?? rest.endIndex
      let next = isDivider(character) ? rest.index(after: rest.startIndex) : end
      parts.append(rest[..<next])
      rest = rest[next...]
    }
    return parts
  }

  private static func isDivider(_ character: Character) -> Bool { "<>()[]{},;:\"'".contains(character) }

  private static func readable(_ text: String) -> String {
    String(
      String.UnicodeScalarView(
        text.unicodeScalars.map { scalar in
          switch scalar.properties.generalCategory {
          case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: " "
          default: scalar
          }
        }))
  }
}
