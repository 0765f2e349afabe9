/// What `--help` shows, for a job and for a command: parts in their order, each after a blank line.
package struct HelpPage: Sendable {
  private var parts: [String]

  /// - Parameters:
  ///   - name: of the job or the command, as it is typed.
  ///   - summary: what it does, in one line.
  ///   - usage: what may be typed, a line each.
  package init(of name: String, _ summary: String, usage: [String]) {
    parts = [
      "\(name) — \(summary)\n", "Usage: " + usage.joined(separator: "\n       ") + "\n",
    ]
  }

  /// One line of a list: what is typed or set, and what it does, in one or several lines.
  package struct Entry: Sendable {
    package var name: String
    package var help: [String]

    package init(_ name: String, _ help: String...) { (self.name, self.help) = (name, help) }
  }

  /// Adds a paragraph; one that is empty is left out.
  package mutating func add(_ text: String) {
    if !text.isEmpty { parts.append(text + "\n") }
  }

  /// Adds a list; one that is empty is left out.
  package mutating func add(_ entries: [Entry], under title: String? = nil) {
    guard !entries.isEmpty else { return }
    let width = min(Self.widest, (entries.map(\.name.count).max() ?? 0) + 2)
    let lines = entries.map { entry in
      let isShort = entry.name.count < width
      let help = (isShort ? [] : [""]) + entry.help
      let name = isShort ? entry.name + String(repeating: " ", count: width - entry.name.count) : entry.name
      return "  " + name + help.joined(separator: "\n" + String(repeating: " ", count: width + 2)) + "\n"
    }
    parts.append((title.map { "\($0):\n" } ?? "") + lines.joined())
  }

  /// Adds lists of settings, and the note about those that hold secrets.
  package mutating func add(settings lists: [(title: String, declarations: [SettingDeclaration])]) {
    for (title, declarations) in lists { add(declarations.map { Entry($0) }, under: title) }
    guard lists.contains(where: { $0.declarations.contains(where: \.isSecret) }) else { return }
    add("A setting marked * is also read from the file that NAME_FILE names.")
  }

  /// The page; `exitCodes` is its last line.
  package func text(exitCodes: String) -> String {
    (parts + ["Exit codes: \(exitCodes)\n"]).joined(separator: "\n")
  }

  /// A longer name has its own line.
  private static let widest = 28
}

extension HelpPage.Entry {
  package init(_ setting: SettingDeclaration) {
    let form = setting.form == "text" ? "" : "\(setting.form); "
    self.init(
      setting.name + (setting.isSecret ? "*" : ""), setting.help,
      "(\(form)default: \(setting.defaultText)\(setting.selects ? "; selects the work" : ""))")
  }

  package init(_ option: OptionDeclaration) {
    self.init(option.text, option.help + (option.fallback.map { " (default: \($0))" } ?? ""))
  }

  package init(_ operand: OperandDeclaration) { self.init(operand.value.placeholder, operand.help) }
}
