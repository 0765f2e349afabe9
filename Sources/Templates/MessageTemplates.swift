public import JSONReading

/// The templates of messages: files by their names, each `NAME.txt`, `NAME.html` beside it, and `NAME.de.txt` for a locale.
///
/// A `.txt` that begins with `Subject:` is a message: headers, an empty line, text. All other files are partials.
public struct MessageTemplates: Sendable {
  private let messages: [String: Message]

  private struct Message: Sendable {
    var subject: Template
    var text: Template
    var html: Template?
  }

  /// A message with its data filled in.
  public struct Rendered: Sendable, Equatable {
    /// The subject, on one line.
    public var subject: String
    /// The plain text.
    public var text: String
    /// The HTML; `nil` where the message has no `.html` file.
    public var html: String?
  }

  /// - Parameter files: names with their endings, and texts.
  /// - Throws: the first mistake, with file and line.
  public init(_ files: [String: String]) throws(TemplateError) {
    var messages: [String: Message] = [:]
    for (file, text) in files.sorted(by: { $0.key < $1.key }) {
      guard file.hasSuffix(".txt"), text.hasPrefix("Subject:") else { continue }
      let name = String(file.dropLast(4))
      // A partial of the same locale comes before the plain one.
      let locale = name.split(separator: ".").dropFirst().first.map { ".\($0)" } ?? ""
      func partial(_ ending: String) -> (String) -> (file: String, text: String)? {
        { name in
          [name + locale + ending, name + ending].lazy.compactMap { file in files[file].map { (file, $0) } }.first
        }
      }
      let lines = text.split(separator: "\n", maxSplits: 2, omittingEmptySubsequences: false)
      guard lines.count == 3, lines[1].allSatisfy(\.isWhitespace) else {
        throw TemplateError("\(file):2: a message has its subject, an empty line, and its text")
      }
      var message = Message(
        subject: try Template(
          String(lines[0].dropFirst("Subject:".count)), kind: .text, file: file, partial: partial(".txt")),
        text: try Template(String(lines[2]), kind: .text, file: file, firstLine: 3, partial: partial(".txt")))
      if let html = files[name + ".html"] {
        message.html = try Template(html, kind: .html, file: name + ".html", partial: partial(".html"))
      }
      messages[name] = message
    }
    self.messages = messages
  }

  /// Renders a message, in the locale where there is one of it: `de-AT`, then `de`, then the plain one.
  ///
  /// - Returns: `nil` where there is no message of this name.
  public func rendered(
    _ name: String, locale: String?, _ data: JSONValue
  ) throws(TemplateError) -> Rendered? {
    let locales = locale.map { [".\($0)", ".\($0.prefix { $0 != "-" && $0 != "_" })"] } ?? []
    guard let message = (locales + [""]).lazy.compactMap({ messages[name + $0] }).first else { return nil }
    return Rendered(
      subject: try message.subject.rendered(data, as: .text), text: try message.text.rendered(data, as: .text),
      html: try message.html?.rendered(data, as: .html))
  }
}

extension MessageTemplates {
  /// No messages at all.
  public static let none = MessageTemplates(messages: [:])

  private init(messages: [String: Message]) { self.messages = messages }
}
