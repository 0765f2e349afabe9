public import JSONReading

extension Template {
  /// Fills the holes.
  ///
  /// - Parameters:
  ///   - data: an object.
  ///   - kind: how values are escaped.
  /// - Throws: for a name that the data lack, for one whose value is not a text, and for a link that is not `https:`.
  public func rendered(_ data: JSONValue, as kind: Kind) throws(TemplateError) -> String {
    var text = ""
    try Self.render(nodes, [data], as: kind, into: &text)
    return text
  }

  private static func render(
    _ nodes: [Node], _ stack: [JSONValue], as kind: Kind, into text: inout String
  ) throws(TemplateError) {
    for node in nodes {
      switch node {
      case .text(let part): text += part
      case .value(let name, let isRaw, let isLink):
        let value = try shown(name, stack)
        if isLink, !value.utf8.starts(with: "https://".utf8) {
          throw TemplateError(
            "\(name.place): {{\(name.text)}} is the address of a link, and does not begin with https://")
        }
        text += kind == .html && !isRaw ? escaped(value) : value
      case .section(let name, let isInverted, let nodes):
        let value = find(name, stack) ?? .null
        if isInverted {
          if value.isEmpty { try render(nodes, stack, as: kind, into: &text) }
        } else if case .list(let values) = value {
          for value in values { try render(nodes, stack + [value], as: kind, into: &text) }
        } else if !value.isEmpty {
          try render(nodes, stack + [value], as: kind, into: &text)
        }
      }
    }
  }

  /// The first part is looked up from the innermost scope outwards, the others only inside of its value.
  private static func find(_ name: Name, _ stack: [JSONValue]) -> JSONValue? {
    guard let first = name.parts.first else { return stack.last }
    let found = stack.reversed().lazy.compactMap { $0[first] }.first
    return name.parts.dropFirst().reduce(found) { $0?[$1] }
  }

  private static func shown(_ name: Name, _ stack: [JSONValue]) throws(TemplateError) -> String {
    switch find(name, stack) {
    case .string(let text)?, .number(let text)?: return text
    case .bool(let isTrue)?: return isTrue ? "true" : "false"
    case .list?, .object?: throw TemplateError("\(name.place): {{\(name.text)}} is a list or an object, not a text")
    // "Hello ," is worse than no mail. {{#name}} tests a name that may be missing.
    case .null?, nil: throw TemplateError("\(name.place): the data have no {{\(name.text)}}")
    }
  }

  private static func escaped(_ text: String) -> String {
    text.unicodeScalars.reduce(into: "") { result, scalar in
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      default: result.unicodeScalars.append(scalar)
      }
    }
  }
}
