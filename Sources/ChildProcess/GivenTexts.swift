import Glibc

/// The arguments or variables of this process that are not valid UTF-8.
///
/// A `String` has U+FFFD in place of such bytes; a program that is started with such an argument or variable gets the
/// original bytes.
struct GivenTexts {
  /// The original texts, by the `String` that stands for them; their memory lives as long as the process.
  ///
  /// Texts with the same `String` keep the order of the list.
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
