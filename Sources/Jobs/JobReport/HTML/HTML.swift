import JobRuntime

/// A piece of a page.
///
/// Text can only get into it as text, and values of attributes only as values: both are escaped here and nowhere else.
/// No attribute runs a script, and no link leads elsewhere.
struct HTML: Sendable, Equatable {
  private(set) var markup: String

  private init(markup: String) { self.markup = markup }

  /// All of the text is made visible: see `printable`.
  init(text: String) { markup = Self.escaped(printable(text, keepingLines: true)) }

  init(_ tag: Tag, _ attributes: Attribute..., @Content content: () -> HTML = { HTML.empty }) {
    self.init(tag, attributes, content: content)
  }

  init(_ tag: Tag, _ attributes: [Attribute], @Content content: () -> HTML = { HTML.empty }) {
    markup = "<" + tag.rawValue
    for attribute in attributes {
      markup += " \(attribute.name.rawValue)"
      if let value = attribute.value { markup += "=\"" + Self.escaped(printable(value)) + "\"" }
    }
    markup += ">"
    guard !tag.isVoid else { return }
    markup += content().markup + "</" + tag.rawValue + ">"
  }

  static let empty = HTML(markup: "")

  /// A whole page.
  init(page root: HTML) { markup = "<!DOCTYPE html>\n" + root.markup + "\n" }

  /// The page's own style sheet or script, which a browser takes as it stands.
  ///
  /// - Parameters:
  ///   - resource: holds no `</`.
  ///   - nonce: the nonce that the page's policy allows.
  init(_ tag: RawTag, embedded resource: [UInt8], nonce: String) {
    markup =
      "<\(tag.rawValue) nonce=\"\(Self.escaped(nonce))\">" + String(decoding: resource, as: UTF8.self)
      + "</\(tag.rawValue)>"
  }

  enum RawTag: String { case style, script }

  /// Two pieces, one after the other.
  static func + (left: HTML, right: HTML) -> HTML { HTML(markup: left.markup + right.markup) }

  private static func escaped(_ text: String) -> String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count)
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "&"): bytes += "&amp;".utf8
      case UInt8(ascii: "<"): bytes += "&lt;".utf8
      case UInt8(ascii: ">"): bytes += "&gt;".utf8
      case UInt8(ascii: "\""): bytes += "&quot;".utf8
      case UInt8(ascii: "'"): bytes += "&#39;".utf8
      default: bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Texts and elements, one after the other.
  @resultBuilder
  enum Content {
    static func buildExpression(_ text: String) -> HTML { HTML(text: text) }
    static func buildExpression(_ piece: HTML) -> HTML { piece }
    static func buildExpression(_ pieces: [HTML]) -> HTML { buildArray(pieces) }
    static func buildBlock(_ pieces: HTML...) -> HTML { buildArray(pieces) }
    static func buildOptional(_ piece: HTML?) -> HTML { piece ?? .empty }
    static func buildEither(first piece: HTML) -> HTML { piece }
    static func buildEither(second piece: HTML) -> HTML { piece }
    static func buildArray(_ pieces: [HTML]) -> HTML {
      var markup = ""
      for piece in pieces { markup += piece.markup }
      return HTML(markup: markup)
    }
  }
}
