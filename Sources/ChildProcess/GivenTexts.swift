import Glibc

/// The words or variables of this process that are no UTF-8. A `String` has U+FFFD for what is none; a program that is
/// given such a word or variable gets its bytes.
struct GivenTexts {
  /// They stay where they are as long as the process. What looks the same is in the order of the list.
  private var texts: [String: [UnsafeMutablePointer<CChar>]] = [:]

  /// - Parameter list: as C has it, with a null at its end.
  init(_ list: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) {
    var entry = list
    while let text = entry.pointee {
      if String(validatingCString: text) == nil { texts[String(cString: text), default: []].append(text) }
      entry += 1
    }
  }

  /// - Returns: a copy, to be freed.
  mutating func copy(of text: String) -> UnsafeMutablePointer<CChar>? {
    guard let given = texts[text]?.first else { return strdup(text) }
    texts[text]?.removeFirst()
    return strdup(given)
  }
}
