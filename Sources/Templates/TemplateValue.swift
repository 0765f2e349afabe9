/// What a template's names stand for: a JSON value.
public indirect enum TemplateValue: Sendable, Equatable {
  case null
  case bool(Bool)
  /// As it is written.
  case number(String)
  case string(String)
  case list([TemplateValue])
  case object([Member])

  public struct Member: Sendable, Equatable {
    public var name: String
    public var value: TemplateValue

    public init(_ name: String, _ value: TemplateValue) { (self.name, self.value) = (name, value) }
  }

  /// The value of a member; `nil` where there is none, or null: a template cannot show either.
  ///
  /// Compared by bytes: two spellings that Unicode treats as equal are two names.
  subscript(name: String) -> TemplateValue? {
    guard case .object(let members) = self else { return nil }
    let value = members.last { $0.name.utf8.elementsEqual(name.utf8) }?.value
    return value == .null ? nil : value
  }

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
