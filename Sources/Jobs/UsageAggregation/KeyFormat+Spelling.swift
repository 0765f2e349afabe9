import JobRuntime

/// Reads `USAGE_KEY_FORMAT`.
extension KeyFormat {
  /// The form of a format, for messages and `--help`.
  static let form = "fixed text, {merchant} (or {tenant}), {metric} and a time such as {yyyy-MM-dd}"

  static func parse(_ text: String) -> Environment.Parsed<KeyFormat> {
    var reader = Reader(rest: Array(text.utf8)[...])
    if let problem = reader.read() { return .failure(problem) }
    return reader.format(text)
  }

  private struct Reader {
    var rest: ArraySlice<UInt8>
    var parts: [Part] = []
    var time: TimePattern?
    /// The parts that are marked with a star.
    var marked: [Int] = []

    private static let (opening, closing) = (UInt8(ascii: "{"), UInt8(ascii: "}"))

    /// - Returns: what is wrong, as the rest of a sentence.
    mutating func read() -> String? {
      while let byte = rest.popFirst() {
        let isDouble = rest.first == byte
        switch byte {
        case Self.opening where isDouble:
          // Doubled braces are the key's own: a hash tag. A tag that holds nothing but a part may be written without
          // the part's braces.
          rest.removeFirst()
          append([byte])
          if let end = endOfTag(), let problem = readPart(rest[..<end], orText: true) { return problem }
        case Self.closing where isDouble:
          rest.removeFirst()
          append([byte])
        case Self.opening:
          guard let end = rest.firstIndex(of: Self.closing) else { return "has { without }" }
          if let problem = readPart(rest[..<end], orText: false) { return problem }
          rest = rest[(end + 1)...]
        case Self.closing: return "has } without {; a brace of the key itself is written twice"
        default: append([byte])
        }
      }
      return nil
    }

    private mutating func append(_ bytes: [UInt8]) {
      if case .fixed(let before)? = parts.last {
        parts[parts.count - 1] = .fixed(before + bytes)
      } else {
        parts.append(.fixed(bytes))
      }
    }

    /// The end of the hash tag that has just begun, unless it holds more braces.
    private func endOfTag() -> Int? {
      guard let end = rest.firstIndex(of: Self.closing), end + 1 < rest.endIndex, rest[end + 1] == Self.closing,
        !rest[..<end].contains(Self.opening)
      else { return nil }
      return end
    }

    /// - Parameter isText: whether a text that is not a part is fixed text, to be read as such.
    private mutating func readPart(_ bytes: ArraySlice<UInt8>, orText isText: Bool) -> String? {
      let word = String(decoding: bytes, as: UTF8.self)
      let isMarked = word.hasSuffix("*")
      switch isMarked ? String(word.dropLast()) : word {
      case "merchant", "tenant": parts.append(.merchant)
      case "metric": parts.append(.metric)
      case let spelling:
        guard !isMarked, let pattern = TimePattern(spelling) else {
          return isText ? nil : "holds {\(word)}, which is not one of its parts: it reads \(KeyFormat.form)"
        }
        guard time == nil else { return "has more than one time; write it as one part: {yyyy-MM-dd}" }
        time = pattern
        parts.append(.time)
      }
      if isMarked { marked.append(parts.count - 1) }
      rest = rest[bytes.endIndex...]
      return nil
    }

    func format(_ text: String) -> Environment.Parsed<KeyFormat> {
      guard let time else { return .failure("has no time such as {yyyy-MM-dd}") }
      for part in [Part.merchant, .metric] where parts.count(where: { $0 == part }) > 1 {
        return .failure("has {\(part)} twice")
      }
      guard marked.count < 2 else {
        return .failure("has more than one *; only one part may hold what separates parts")
      }
      guard let open = marked.first ?? parts.firstIndex(of: .merchant) ?? parts.firstIndex(of: .metric) else {
        return .failure("has neither {merchant} nor {metric}")
      }
      for index in parts.indices where parts[index].isName && index != open {
        let next = index < open ? index + 1 : index - 1
        guard case .fixed = parts[next] else {
          return .failure(
            "has nothing between {\(parts[index])} and the part beside it, so its end is unknown")
        }
      }
      return .success(KeyFormat(parts, time: time, open: open))
    }
  }
}
