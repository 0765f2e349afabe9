/// A text with holes, in the subset of Mustache that Handlebars, Postmark and others share: names, sections, inverted
/// sections, comments and partials.
public struct Template: Sendable {
  let nodes: [Node]

  /// The kind of text, which decides how a value is escaped.
  public enum Kind: Sendable { case text, html }

  indirect enum Node: Sendable {
    case text(String)
    case value(Name, isRaw: Bool, isLink: Bool)
    case section(Name, isInverted: Bool, [Node])
  }

  /// `.`, or parts that were joined by dots.
  struct Name: Sendable {
    var parts: [String]
    /// Its location, for messages: `welcome.txt:3`.
    var place: String
    var text: String { parts.isEmpty ? "." : parts.joined(separator: ".") }
  }

  /// - Parameters:
  ///   - file: its name, for messages.
  ///   - firstLine: the number of the text's first line in its file.
  ///   - partial: the text of a partial by its name.
  /// - Throws: for a construct that is not supported, or is not closed; with file and line.
  public init(
    _ text: String, kind: Kind, file: String, firstLine: Int = 1, partial: (String) -> (file: String, text: String)?
  ) throws(TemplateError) {
    var parser = TemplateParser(text, kind: kind, file: file, firstLine: firstLine)
    nodes = try parser.nodes(partial: partial, within: [])
  }
}

/// What is wrong with a template, or with the data for it.
public struct TemplateError: Error, Equatable, CustomStringConvertible {
  /// The mistake, with file and line.
  public let description: String

  /// - Parameter description: the mistake, with file and line where a template has it.
  public init(_ description: String) { self.description = description }
}
