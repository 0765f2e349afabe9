import JSONReading

extension JSONValue {
  /// Whether a section of it is left out.
  var isEmpty: Bool {
    switch self {
    case .null: true
    case .bool(let isTrue): !isTrue
    case .number(let text): Double(text) == 0
    case .string(let text): text.isEmpty
    case .list(let values): values.isEmpty
    case .object: false
    }
  }
}
