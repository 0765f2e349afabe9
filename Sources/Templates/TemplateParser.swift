/// Reads a template.
///
/// A tag that stands alone on its line takes the line with it, as the Mustache specification has it.
struct TemplateParser {
  private let bytes: [UInt8]
  private let kind: Template.Kind
  private let file: String
  private let firstLine: Int
  private var place = 0
  /// The end of the text so far, tags and what they stand for left out: says whether a link begins.
  private var tail: [UInt8]

  init(_ text: String, kind: Template.Kind, file: String, firstLine: Int = 1, after tail: [UInt8] = []) {
    (bytes, self.kind, self.file, self.firstLine) = (Array(text.utf8), kind, file, firstLine)
    self.tail = tail
  }

  private struct Open {
    var name: Template.Name
    var isInverted: Bool
    var nodes: [Template.Node]
  }

  /// - Parameter files: the files that include this one; it must not be among them.
  mutating func nodes(
    partial: (String) -> (file: String, text: String)?, within files: [String]
  ) throws(TemplateError) -> [Template.Node] {
    var open: [Open] = []
    var nodes: [Template.Node] = []
    var text: [UInt8] = []
    func flush() {
      if !text.isEmpty { nodes.append(.text(String(decoding: text, as: UTF8.self))) }
      text = []
    }
    while place < bytes.count {
      guard bytes[place...].starts(with: "{{".utf8) else {
        text.append(bytes[place])
        tail.append(bytes[place])
        if tail.count > 2 * Self.longestTail { tail.removeFirst(Self.longestTail) }
        place += 1
        continue
      }
      let start = place
      let tag = try tag()
      let indent = tag.isAlone ? standalone(from: start) : nil
      if let indent {
        text.removeLast(indent.count)
        skipLine()
      }
      switch tag.mark {
      case .comment: break
      case .value(let isRaw):
        let link = kind == .html ? LinkStart(tail) : nil
        if link == .bare { throw error("the address behind href= has to stand in quotes", at: start) }
        flush()
        nodes.append(.value(try name(tag, at: start), isRaw: isRaw, isLink: link == .quoted))
        tail = []
      case .section(let isInverted):
        flush()
        open.append(Open(name: try name(tag, at: start), isInverted: isInverted, nodes: nodes))
        nodes = []
      case .end:
        flush()
        guard let section = open.popLast(), section.name.text == tag.text else {
          throw error("{{/\(tag.text)}} ends a section that is not open there", at: start)
        }
        nodes = section.nodes + [.section(section.name, isInverted: section.isInverted, nodes)]
      case .partial:
        flush()
        guard let found = partial(tag.text) else { throw error("there is no partial «\(tag.text)»", at: start) }
        guard found.file != file, !files.contains(found.file) else {
          throw error("the partial «\(tag.text)» includes itself", at: start)
        }
        let lines = Self.indented(found.text, by: indent ?? [])
        var parser = TemplateParser(lines, kind: kind, file: found.file, after: tail)
        nodes += try parser.nodes(partial: partial, within: files + [file])
        tail = parser.tail
      }
    }
    flush()
    if let section = open.last {
      throw TemplateError("\(section.name.place): the section {{#\(section.name.text)}} is not ended")
    }
    return nodes
  }

  // MARK: Tags

  private enum Mark { case comment, value(isRaw: Bool), section(isInverted: Bool), end, partial }

  private struct Tag {
    var mark: Mark
    var text: String
    /// Whether it may have a line to itself: all tags but values.
    var isAlone: Bool { if case .value = mark { false } else { true } }
  }

  private mutating func tag() throws(TemplateError) -> Tag {
    let start = place
    let isTriple = bytes[start...].starts(with: "{{{".utf8)
    let end = Array((isTriple ? "}}}" : "}}").utf8)
    place += isTriple ? 3 : 2
    let begin = place
    while place < bytes.count, !bytes[place...].starts(with: end) { place += 1 }
    guard place < bytes.count else { throw error("a tag is not ended", at: start) }
    let inside = bytes[begin..<place]
    place += end.count
    func rest(_ bytes: ArraySlice<UInt8>) -> String {
      String(decoding: bytes, as: UTF8.self).split { $0.isWhitespace }.joined(separator: " ")
    }
    if isTriple { return Tag(mark: .value(isRaw: true), text: rest(inside)) }
    switch inside.first.map({ Unicode.Scalar($0) }) {
    case "!": return Tag(mark: .comment, text: "")
    case "&": return Tag(mark: .value(isRaw: true), text: rest(inside.dropFirst()))
    case "#": return Tag(mark: .section(isInverted: false), text: rest(inside.dropFirst()))
    case "^": return Tag(mark: .section(isInverted: true), text: rest(inside.dropFirst()))
    case "/": return Tag(mark: .end, text: rest(inside.dropFirst()))
    case ">": return Tag(mark: .partial, text: rest(inside.dropFirst()))
    case "=": throw error("delimiters cannot be changed here", at: start)
    case "<", "$", "*", "@", "~": throw error("{{\(rest(inside))}} is not part of this language", at: start)
    default: return Tag(mark: .value(isRaw: false), text: rest(inside))
    }
  }

  private func name(_ tag: Tag, at start: Int) throws(TemplateError) -> Template.Name {
    let line = firstLine + bytes[..<start].count { $0 == 0x0A }
    if tag.text == "." { return Template.Name(parts: [], place: "\(file):\(line)") }
    let parts = tag.text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    func isName(_ text: String) -> Bool {
      !text.isEmpty
        && text.utf8.allSatisfy { byte in
          byte >= 0x80 || byte == 0x5F || byte == 0x2D || Unicode.Scalar(byte).properties.isAlphabetic
            || (0x30...0x39).contains(byte)
        }
    }
    guard parts.allSatisfy(isName) else {
      throw error("«\(tag.text)» is not a name; helpers and expressions are not part of this language", at: start)
    }
    return Template.Name(parts: parts, place: "\(file):\(line)")
  }

  private func error(_ message: String, at start: Int) -> TemplateError {
    TemplateError("\(file):\(firstLine + bytes[..<start].count { $0 == 0x0A }): \(message)")
  }

  // MARK: Lines

  /// The blanks before a tag that has a line to itself.
  private func standalone(from start: Int) -> [UInt8]? {
    let before = bytes[..<start].lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
    let end = bytes[place...].firstIndex(of: 0x0A) ?? bytes.count
    guard bytes[before..<start].allSatisfy({ $0 == 0x20 || $0 == 0x09 }),
      bytes[place..<end].allSatisfy({ [0x20, 0x09, 0x0D].contains($0) })
    else { return nil }
    return Array(bytes[before..<start])
  }

  private mutating func skipLine() { place = bytes[place...].firstIndex(of: 0x0A).map { $0 + 1 } ?? bytes.count }

  private static func indented(_ text: String, by indent: [UInt8]) -> String {
    guard !indent.isEmpty else { return text }
    let lines = text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false)
    let whole = lines.map { $0.isEmpty ? [] : indent + $0 }.joined(separator: [0x0A])
    return String(decoding: Array(whole), as: UTF8.self)
  }

  /// As much as `href = "` may have blanks.
  private static let longestTail = 64
}

/// Where in HTML a value would be the beginning of a link's address, as browsers read it: blanks around it count for nothing.
private enum LinkStart {
  case quoted, bare

  init?(_ text: [UInt8]) {
    func isBlank(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0A, 0x0C, 0x0D].contains(byte) }
    var rest = text[...]
    func dropBlanks() { while let last = rest.last, isBlank(last) { rest.removeLast() } }
    dropBlanks()
    let isQuoted = rest.last == UInt8(ascii: "\"") || rest.last == UInt8(ascii: "'")
    if isQuoted { rest.removeLast() }
    dropBlanks()
    guard rest.popLast() == UInt8(ascii: "=") else { return nil }
    dropBlanks()
    guard String(decoding: rest.suffix(4), as: UTF8.self).lowercased() == "href" else { return nil }
    self = isQuoted ? .quoted : .bare
  }
}
