extension Environment {
  /// A setting that is a URL, and may hold a secret. What a file, a form or a secret store leaves at both ends of it,
  /// blanks and line breaks, is no part of it.
  ///
  /// - Parameter parse: as in `secret`; given the text without those.
  package mutating func url<Value>(
    _ name: String, form: String, isRequired: Bool, help: String, parse: (String) -> Parsed<Value>
  ) -> Value? {
    var bare = ""
    let value: Value? = secret(name, form: form, isRequired: isRequired, help: help) { text in
      bare = Self.trimmed(text)
      guard let first = bare.first, first != "\"", first != "'" else {
        return .failure(
          bare.isEmpty
            ? "holds only blanks"
            : "begins with a quotation mark. A shell takes those off, a file of variables (docker's --env-file) does not"
        )
      }
      return parse(bare)
    }
    if !bare.isEmpty { conceal([bare]) }
    return value
  }

  private static func trimmed(_ text: String) -> String {
    // The last is what some editors put before a text in UTF-8.
    func isNothing(_ character: Character) -> Bool { character.isWhitespace || character == "\u{FEFF}" }
    var text = text[...]
    while let first = text.first, isNothing(first) { text.removeFirst() }
    while let last = text.last, isNothing(last) { text.removeLast() }
    return String(text)
  }
}
