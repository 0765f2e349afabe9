/// Removes secrets from everything that leaves the process: the last line of defence after messages that do not contain
/// them in the first place.
package struct Redactor: Sendable {
  private let secrets: [String]

  /// - Parameter secrets: texts that must not appear. Those shorter than four characters are not looked for: they occur
  ///   in ordinary words.
  package init(_ secrets: [String]) {
    self.secrets = Set(secrets).filter { $0.count >= 4 }.sorted { $0.count > $1.count }
  }

  package func redact(_ text: String) -> String {
    var text = text
    for secret in secrets { text = Self.replace(secret, in: text) }
    return text
  }

  package func redact(_ json: JSON) -> JSON { json.mapStrings(redact) }

  /// Used before the result is shortened: half a secret would not be found.
  func redact(_ result: RunResult) -> RunResult {
    var result = result
    result.details = redact(result.details)
    result.errors = result.errors.map {
      RunResult.ItemError(item: redact($0.item), kind: $0.kind, message: redact($0.message))
    }
    if let error = result.error {
      result.error = JobFailure(error.kind, redact(error.message), hint: error.hint.map(redact))
    }
    return result
  }

  /// The length of a secret at the beginning of a text, as a URL may encode it: any of its bytes as `%40`, a blank as
  /// `+`.
  private static func encodedLength(of secret: [UInt8], in text: ArraySlice<UInt8>) -> Int? {
    var rest = text
    for byte in secret {
      guard let next = rest.popFirst() else { return nil }
      if next == UInt8(ascii: "%"), let code = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16),
        code == byte
      {
        rest = rest.dropFirst(2)
      } else if next != byte, !(byte == UInt8(ascii: " ") && next == UInt8(ascii: "+")) {
        return nil
      }
    }
    return text.count - rest.count
  }

  private static func replace(_ secret: String, in text: String) -> String {
    let wanted = Array(secret.utf8)
    var rest = Array(text.utf8)[...]
    var result: [UInt8] = []
    var isFound = false
    while rest.count >= wanted.count {
      if let length = rest.starts(with: wanted) ? wanted.count : encodedLength(of: wanted, in: rest) {
        result += "***".utf8
        rest = rest.dropFirst(length)
        isFound = true
      } else if let byte = rest.popFirst() {
        result.append(byte)
      }
    }
    return isFound ? String(decoding: result + rest, as: UTF8.self) : text
  }
}
