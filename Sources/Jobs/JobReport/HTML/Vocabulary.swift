import JobRuntime

/// The elements that the page is made of.
enum Tag: String {
  case html, head, title, meta, link, body
  case header, main, footer, section, div, p, span, strong, a, bdi, code, time
  case h1, h2, h3, ul, ol, li, dl, dt, dd
  case table, caption, thead, tbody, tr, th, td
  case svg, g, path, rect, symbol, use

  /// Whether it has no content, and no end.
  var isVoid: Bool { [.meta, .link].contains(self) }
}

/// A name and a value.
///
/// None of them runs a script or fetches something.
struct Attribute: Sendable {
  let name: Name
  /// `nil` for an attribute without a value.
  let value: String?

  enum Name: String, Sendable {
    case `class`, id, lang, charset, name, content, rel, href, hidden, scope, datetime, title, role, tabindex, dir
    case httpEquiv = "http-equiv"
    case label = "aria-label"
    case labelledBy = "aria-labelledby"
    case isHidden = "aria-hidden"
    case oldAfter = "data-old-after"
    case viewBox, preserveAspectRatio, d, width, height, xmlns, fill
    case fillRule = "fill-rule"
  }

  private init(_ name: Name, _ value: String?) { (self.name, self.value) = (name, value) }

  static func `class`(_ words: String) -> Attribute { Attribute(.class, words) }
  static func id(_ name: String) -> Attribute { Attribute(.id, name) }
  static func lang(_ code: String) -> Attribute { Attribute(.lang, code) }
  static func charset(_ name: String) -> Attribute { Attribute(.charset, name) }
  static func name(_ name: String) -> Attribute { Attribute(.name, name) }
  static func content(_ value: String) -> Attribute { Attribute(.content, value) }
  static func httpEquiv(_ name: String) -> Attribute { Attribute(.httpEquiv, name) }
  static var icon: Attribute { Attribute(.rel, "icon") }
  static func scope(_ axis: String) -> Attribute { Attribute(.scope, axis) }
  static func role(_ name: String) -> Attribute { Attribute(.role, name) }
  static func label(_ text: String) -> Attribute { Attribute(.label, text) }
  static func labelled(by id: String) -> Attribute { Attribute(.labelledBy, id) }
  static func title(_ text: String) -> Attribute { Attribute(.title, text) }
  static func datetime(_ moment: Timestamp) -> Attribute { Attribute(.datetime, moment.rfc3339) }
  static func oldAfter(_ length: Duration) -> Attribute { Attribute(.oldAfter, "\(length.components.seconds)") }
  static var hidden: Attribute { Attribute(.hidden, nil) }
  /// Hidden from screen readers.
  static var decoration: Attribute { Attribute(.isHidden, "true") }
  /// May be scrolled with the keyboard.
  static var focusable: Attribute { Attribute(.tabindex, "0") }

  /// A link to something on this page.
  static func href(_ id: String) -> Attribute { Attribute(.href, "#" + id) }

  /// A link to elsewhere.
  ///
  /// It has to be a URL of http or https: `LinkTemplate` makes sure.
  static func href(outside url: String) -> Attribute { Attribute(.href, url) }

  /// An image that is part of this page.
  static func href(image svg: HTML) -> Attribute {
    let allowed = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789=/.-:".utf8)
    let encoded = svg.markup.utf8.map { byte in
      if allowed.contains(byte) { return String(UnicodeScalar(byte)) }
      return (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
    }
    return Attribute(.href, "data:image/svg+xml," + encoded.joined())
  }

  // MARK: Drawings

  static func viewBox(_ width: Int, _ height: Int) -> Attribute { Attribute(.viewBox, "0 0 \(width) \(height)") }
  /// Stretched to whatever width there is.
  static var stretched: Attribute { Attribute(.preserveAspectRatio, "none") }
  static func d(_ path: String) -> Attribute { Attribute(.d, path) }
  static func width(_ number: Int) -> Attribute { Attribute(.width, "\(number)") }
  static func height(_ number: Int) -> Attribute { Attribute(.height, "\(number)") }
  static var namespace: Attribute { Attribute(.xmlns, "http://www.w3.org/2000/svg") }
  static func fill(_ colour: Fill) -> Attribute { Attribute(.fill, colour.rawValue) }
  static var evenOdd: Attribute { Attribute(.fillRule, "evenodd") }
}
