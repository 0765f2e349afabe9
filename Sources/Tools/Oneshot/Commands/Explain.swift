import JobRuntime

/// `oneshot explain WORD`: what docs/when-things-go-wrong.md says of an exit code, a kind or a message.
struct Explain: Command {
  static let name = "explain"
  static let summary = "say what an exit code, a kind of failure or a message means, and what to do"
  static let discussion =
    "Finds an exit code (78), the kind of a failure (fenced) or of a dead letter (too_late), a reason (locked), a trouble of `oneshot health` (missed), or a message as it was printed, in quotes. It needs no server: it is docs/when-things-go-wrong.md and the table of docs/operate.md. Ends with 1 where nothing is found."

  private let text: String

  init(from arguments: inout Arguments, _ env: inout Environment) {
    text = arguments.operand(.text("WORD"), help: "a code, a word, or a message")
  }

  func run(_ console: Console, on servers: NoServer) async throws -> Int32 {
    let page = TroublePage.ofThisVersion
    let found = page.search(text)
    guard !found.isEmpty else {
      let words = Set(page.sections.flatMap { $0.entries.flatMap(\.patterns) + $0.codes.map(String.init) })
      console.note(
        "nothing is known about «\(text)»"
          + (nearestName(to: text, among: words).map { "; did you mean \($0)?" }
            ?? "; docs/when-things-go-wrong.md has all"))
      return 1
    }
    var pieces = found.sections.map(Self.text)
    var title = ""
    for (section, entry) in found.entries.prefix(Self.most) {
      pieces.append((section == title ? "" : section + "\n\n") + Self.text(entry))
      title = section
    }
    try console.say(pieces.joined(separator: "\n").foldedLines(at: console.width ?? 100))
    let more = found.entries.count - Self.most
    if more > 0 { console.note("\(more) more; give a longer part of the message") }
    return 0
  }

  private static let most = 12

  private static func text(_ section: TroublePage.Section) -> String {
    ([section.title] + section.paragraphs + section.entries.map(text)).joined(separator: "\n\n") + "\n"
  }

  private static func text(_ entry: TroublePage.Entry) -> String {
    "  \(entry.seen)\n"
      + entry.known.filter { $0.text != "—" }.map { "    \($0.column): \($0.text)\n" }.joined()
  }
}

extension TroublePage {
  /// The page of the version that this command is of.
  static var ofThisVersion: TroublePage {
    var page = TroublePage(
      markdown: String(decoding: PackageResources.when_things_go_wrong_md, as: UTF8.self))
    let operate = TroublePage(markdown: String(decoding: PackageResources.operate_md, as: UTF8.self))
    page.sections += operate.sections.filter { $0.title == "Health" }
    return page
  }
}

extension String {
  /// Each line folded at a width, its rest indented by two more than its beginning.
  fileprivate func foldedLines(at width: Int) -> String {
    split(separator: "\n", omittingEmptySubsequences: false).map { line in
      let indent = String(repeating: " ", count: line.prefix { $0 == " " }.count)
      var (lines, current) = ([String](), indent)
      for word in line.split(separator: " ") {
        if current.columns + word.count >= width, !current.allSatisfy({ $0 == " " }) {
          lines.append(current)
          current = indent + "  "
        }
        current += (current.allSatisfy { $0 == " " } ? "" : " ") + word
      }
      return (lines + [current]).joined(separator: "\n")
    }.joined(separator: "\n")
  }
}
