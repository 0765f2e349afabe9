import JobRuntime

/// The page that `man oneshot` shows, from the declarations: roff with the macros of man(7).
enum ManualPage {
  static func text(of commands: [CommandDeclaration]) -> String {
    var lines = [
      #".TH ONESHOT 1 "" "oneshot \#(oneshotVersion)" "Operating the oneshot jobs""#,
      // Text to be typed must not be hyphenated.
      ".nh", ".ad l",
      ".SH NAME", #"oneshot \- the operator's command of the oneshot jobs"#,
      ".SH SYNOPSIS", ".B oneshot", #".I COMMAND"#, #"[OPTION ...]"#, ".br", #".B oneshot \-\-help"#, ".br",
      #".B oneshot \-\-version"#,
      ".SH COMMANDS",
    ]
    for command in commands { lines += section(command) }
    lines += [
      ".SH EXIT STATUS", escaped(CommandHelp.exitCodes),
      ".SH ENVIRONMENT",
      "A setting that holds a secret is also read from the file that NAME_FILE names, where NAME is the setting's name.",
    ]
    for setting in settings(of: commands) {
      lines += [".TP", ".B " + argument(setting.name), escaped("\(setting.help) (\(setting.form))")]
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func section(_ command: CommandDeclaration) -> [String] {
    var lines = [".SS " + argument(command.usage), escaped(sentence(command.summary))]
    if !command.discussion.isEmpty { lines += [".PP", escaped(command.discussion)] }
    for operand in command.operands {
      lines += [".TP", ".I " + argument(operand.value.placeholder), escaped(operand.help)]
    }
    for option in command.options {
      lines += [
        ".TP", ".B " + argument(option.text),
        escaped(option.help + (option.fallback.map { " (default: \($0))" } ?? "")),
      ]
    }
    if !command.settings.isEmpty {
      lines += [".PP", "Settings: " + escaped(command.settings.map(\.name).joined(separator: ", ")) + "."]
    }
    return lines
  }

  /// Each setting once, in the order in which commands read it.
  private static func settings(of commands: [CommandDeclaration]) -> [SettingDeclaration] {
    var seen: Set<String> = []
    return commands.flatMap(\.settings).filter { seen.insert($0.name).inserted }
  }

  private static func sentence(_ summary: String) -> String {
    summary.prefix(1).uppercased() + summary.dropFirst() + "."
  }

  /// A text as one argument of a macro.
  private static func argument(_ text: String) -> String { "\"" + escaped(text).replacing("\"", with: #"\(dq"#) + "\"" }

  /// A text without roff requests: no line of it begins with a dot or a quote, and dashes can be copied.
  private static func escaped(_ text: String) -> String {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: true).map { line in
      var roff = ""
      for letter in line {
        switch letter {
        case "\\": roff += #"\e"#
        case "-": roff += #"\-"#
        case "'": roff += #"\(aq"#
        case "`": roff += #"\(ga"#
        case "^": roff += #"\(ha"#
        case "~": roff += #"\(ti"#
        default: roff += letter.isASCII ? String(letter) : named(letter)
        }
      }
      return (line.hasPrefix(".") ? #"\&"# : "") + roff
    }
    return lines.joined(separator: "\n.PP\n")
  }

  /// A character by its code, which formatters understand in any input encoding.
  private static func named(_ letter: Character) -> String {
    letter.unicodeScalars.map { scalar in
      let digits = String(scalar.value, radix: 16, uppercase: true)
      return #"\[u"# + String(repeating: "0", count: max(0, 4 - digits.count)) + digits + "]"
    }.joined()
  }
}
