import JobRuntime

/// `oneshot --help` and `oneshot COMMAND --help`, from the declarations.
enum CommandHelp {
  static let exitCodes =
    "0 done · 1 not well, not found or not done · 64 usage · 69 unavailable · 70 internal · 77 denied · 78 misconfigured"

  /// All commands, or those of a group: `oneshot dead-letters --help`.
  static func overview(of commands: [CommandDeclaration] = Commands.declarations) -> String {
    let width = (commands.map(\.name.count).max() ?? 0) + 2
    let lines = commands.map { "  " + $0.name.padded(to: width) + $0.summary + "\n" }.joined()
    return """
      oneshot — the operator's command of the oneshot jobs

      Usage: oneshot COMMAND [OPTION …]
             oneshot COMMAND --help
             oneshot --help | --version

      Commands:
      \(lines)
      Exit codes: \(exitCodes)

      """
  }

  static func text(of command: CommandDeclaration) -> String {
    var parts = ["oneshot \(command.name) — \(command.summary)\n", "Usage: \(command.usage)\n"]
    if !command.discussion.isEmpty { parts.append(command.discussion + "\n") }
    let given =
      command.operands.map { ($0.value.placeholder, $0.help) }
      + command.options.map { option in
        (option.text, option.help + (option.fallback.map { " (default: \($0))" } ?? ""))
      }
    if !given.isEmpty { parts.append(list(given)) }
    if !command.settings.isEmpty {
      let settings = command.settings.map { setting in
        (
          setting.name + (setting.isSecret ? "*" : ""),
          "\(setting.help) (\(setting.form); default: \(setting.defaultText))"
        )
      }
      parts.append("Settings (environment variables):\n" + list(settings))
      if command.settings.contains(where: \.isSecret) {
        parts.append("A setting marked * is also read from the file that NAME_FILE names.\n")
      }
    }
    parts.append("Exit codes: \(exitCodes)\n")
    return parts.joined(separator: "\n")
  }

  private static func list(_ entries: [(name: String, help: String)]) -> String {
    let width = min(28, (entries.map(\.name.count).max() ?? 0) + 2)
    return entries.map { name, help in
      let gap = name.count < width ? "" : "\n" + String(repeating: " ", count: width + 2)
      return "  " + name.padded(to: gap.isEmpty ? width : 0) + gap + help + "\n"
    }.joined()
  }
}
