extension Environment {
  /// A setting that is a URL, and may hold a secret.
  ///
  /// Blanks and line breaks that a file, a form or a secret store leaves at its ends do not belong to it.
  ///
  /// - Parameter parse: as in `secret`; called with the text without those.
  public mutating func url<Value>(
    _ name: String, form: String, isRequired: Bool, help: String, parse: (String) -> Parsed<Value>
  ) -> Value? {
    /// Recorded as a secret where it differs from the whole text, which already is one.
    var trimmed: String?
    let value: Value? = secret(name, form: form, isRequired: isRequired, help: help) { text in
      let bare = Self.trimmed(text)
      if bare != text, !bare.isEmpty { trimmed = bare }
      guard let first = bare.first, first != "\"", first != "'" else {
        return .failure(
          bare.isEmpty
            ? "holds only blanks"
            : "begins with a quotation mark. A shell takes those off, a file of variables (docker's --env-file) does not"
        )
      }
      return parse(bare)
    }
    if let trimmed { conceal([trimmed]) }
    return value
  }

  private static func trimmed(_ text: String) -> String {
    // The last one is the byte order mark that some editors put before a text in UTF-8.
    func isNothing(_ character: Character) -> Bool { character.isWhitespace || character == "\u{FEFF}" }
    var text = text[...]
    while let first = text.first, isNothing(first) { text.removeFirst() }
    while let last = text.last, isNothing(last) { text.removeLast() }
    return String(text)
  }
}
