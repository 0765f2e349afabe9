/// A value of JSON, as it was written.
public indirect enum JSONValue: Sendable, Equatable {
  case null
  case bool(Bool)
  /// As it is written.
  case number(String)
  case string(String)
  case list([JSONValue])
  case object([Member])

  /// A name and its value; an object may have several members of one name.
  public struct Member: Sendable, Equatable {
    /// The name, with its escapes decoded.
    public var name: String
    /// The value, which may be null.
    public var value: JSONValue

    /// A member as a test or a template writes it.
    public init(_ name: String, _ value: JSONValue) { (self.name, self.value) = (name, value) }
  }

  /// The value of a member, the last of its name; `nil` where there is none, or null.
  ///
  /// Compared by bytes: two spellings that Unicode treats as equal are two names.
  public subscript(name: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    let value = members.last { $0.name.utf8.elementsEqual(name.utf8) }?.value
    return value == .null ? nil : value
  }

  /// The text of a string.
  public var text: String? { if case .string(let text) = self { text } else { nil } }
}
