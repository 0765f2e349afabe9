extension JSON {
  /// The JSON form of a Swift value; names of members become snake_case (`keysWithoutTTL` is
  /// `keys_without_ttl`), keys of dictionaries stay as they are.
  public init(encoding value: some Encodable) throws {
    if let value = value as? JSON {
      self = value
      return
    }
    let node = Node()
    try value.encode(to: NodeEncoder(node: node))
    self = node.json
  }

  static func snakeCase(_ name: String) -> String {
    let letters = Array(name)
    var result = ""
    for (index, letter) in letters.enumerated() {
      let startsWord =
        letter.isUppercase && index > 0
        && (!letters[index - 1].isUppercase || (index + 1 < letters.count && letters[index + 1].isLowercase))
      if startsWord && result.last != "_" { result += "_" }
      result += letter.lowercased()
    }
    return result
  }
}

extension JSON: Encodable {
  /// Lets a report hold JSON as it is.
  ///
  /// Only this module's encoder is supported.
  public func encode(to encoder: any Encoder) throws {
    guard let encoder = encoder as? NodeEncoder else {
      throw EncodingError.invalidValue(
        self, .init(codingPath: encoder.codingPath, debugDescription: "JSON is encoded by JSON(encoding:) only"))
    }
    encoder.node.json = self
  }
}

/// A place in the tree that is being built.
private final class Node {
  enum Kind {
    case value, array, object
  }

  var kind = Kind.value
  private var value = JSON.null
  private(set) var elements: [Node] = []
  private var members: [(String, Node)] = []

  var json: JSON {
    get {
      switch kind {
      case .value: value
      case .array: .array(elements.map(\.json))
      case .object: JSON(members: members.map { ($0.0, $0.1.json) })
      }
    }
    set { (kind, value) = (.value, newValue) }
  }

  func member(_ key: String) -> Node {
    let node = Node()
    members.append((key, node))
    return node
  }

  func element() -> Node {
    let node = Node()
    elements.append(node)
    return node
  }
}

private struct NodeEncoder: Encoder {
  let node: Node
  var codingPath: [any CodingKey] { [] }
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    node.kind = .object
    return KeyedEncodingContainer(KeyedNodes<Key>(node: node))
  }
  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    node.kind = .array
    return UnkeyedNodes(node: node)
  }
  func singleValueContainer() -> any SingleValueEncodingContainer { SingleNode(node: node) }
}

extension Node {
  func encode(_ value: some Encodable) throws {
    switch value {
    case let value as Bool: json = .bool(value)
    case let value as String: json = .string(value)
    case let value as Double: json = .double(value)
    case let value as Float: json = .double(Double(value))
    case let value as any BinaryInteger: json = Int64(exactly: value).map { .integer($0) } ?? .string("\(value)")
    // Only its coding keys would identify a standard-library dictionary, hence this cast.
    case let value as [String: any Encodable]:
      kind = .object
      for (key, element) in value.sorted(by: { $0.key < $1.key }) { try member(key).encode(element) }
    default: try value.encode(to: NodeEncoder(node: self))
    }
  }
}

private struct KeyedNodes<Key: CodingKey>: KeyedEncodingContainerProtocol {
  let node: Node
  var codingPath: [any CodingKey] { [] }

  private func member(_ key: Key) -> Node { node.member(JSON.snakeCase(key.stringValue)) }

  func encodeNil(forKey key: Key) { member(key).json = .null }
  func encode(_ value: Bool, forKey key: Key) throws { try member(key).encode(value) }
  func encode(_ value: String, forKey key: Key) throws { try member(key).encode(value) }
  func encode(_ value: Double, forKey key: Key) throws { try member(key).encode(value) }
  func encode(_ value: Float, forKey key: Key) throws { try member(key).encode(value) }
  func encode(_ value: Int, forKey key: Key) throws { try member(key).encode(value) }
  func encode(_ value: Int8, forKey key: Key) throws { try member(key).encode(value) }
  func encode(_ value: Int16, forKey key: Key) throws { try member(key).encode(value) }
  func encode(_ value: Int32, forKey key: Key) throws { try member(key).encode(value) }
  func encode(_ value: Int64, forKey key: Key) throws { try member(key).encode(value) }
  func encode(_ value: UInt, forKey key: Key) throws { try member(key).encode(value) }
  func encode(_ value: UInt8, forKey key: Key) throws { try member(key).encode(value) }
  func encode(_ value: UInt16, forKey key: Key) throws { try member(key).encode(value) }
  func encode(_ value: UInt32, forKey key: Key) throws { try member(key).encode(value) }
  func encode(_ value: UInt64, forKey key: Key) throws { try member(key).encode(value) }
  func encode(_ value: some Encodable, forKey key: Key) throws { try member(key).encode(value) }

  func nestedContainer<NestedKey: CodingKey>(
    keyedBy type: NestedKey.Type, forKey key: Key
  ) -> KeyedEncodingContainer<NestedKey> {
    NodeEncoder(node: member(key)).container(keyedBy: type)
  }
  func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
    NodeEncoder(node: member(key)).unkeyedContainer()
  }
  func superEncoder() -> any Encoder { NodeEncoder(node: node.member("super")) }
  func superEncoder(forKey key: Key) -> any Encoder { NodeEncoder(node: member(key)) }
}

private struct UnkeyedNodes: UnkeyedEncodingContainer {
  let node: Node
  var codingPath: [any CodingKey] { [] }
  var count: Int { node.elements.count }

  func encodeNil() { node.element().json = .null }
  func encode(_ value: some Encodable) throws { try node.element().encode(value) }

  func nestedContainer<NestedKey: CodingKey>(keyedBy type: NestedKey.Type) -> KeyedEncodingContainer<NestedKey> {
    NodeEncoder(node: node.element()).container(keyedBy: type)
  }
  func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { NodeEncoder(node: node.element()).unkeyedContainer() }
  func superEncoder() -> any Encoder { NodeEncoder(node: node.element()) }
}

private struct SingleNode: SingleValueEncodingContainer {
  let node: Node
  var codingPath: [any CodingKey] { [] }

  func encodeNil() { node.json = .null }
  func encode(_ value: some Encodable) throws { try node.encode(value) }
}
