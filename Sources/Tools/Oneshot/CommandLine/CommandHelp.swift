import JobRuntime

/// `oneshot --help` and `oneshot COMMAND --help`, from the declarations.
enum CommandHelp {
  /// The jobs' exit codes that a command can also end with, and one more.
  static let exitCodes =
    "0 done · 1 not well, not found or not done · "
    + ExitCode.line(of: ExitCode.all.filter { row in row.kinds.contains(where: kinds.contains) })

  /// The failure kinds of commands.
  private static let kinds: Set<FailureKind> = [.usage, .unavailable, .internal, .denied, .misconfigured]

  /// All commands, or those of a group: `oneshot dead-letters --help`.
  static func overview(of commands: [CommandDeclaration] = Commands.declarations) -> String {
    var page = HelpPage(
      of: "oneshot", "the operator's command of the oneshot jobs",
      usage: ["oneshot COMMAND [OPTION …]", "oneshot COMMAND --help", "oneshot --help | --version"])
    page.add(commands.map { HelpPage.Entry($0.name, $0.summary) }, under: "Commands")
    return page.text(exitCodes: exitCodes)
  }

  static func text(of command: CommandDeclaration) -> String {
    var page = HelpPage(of: "oneshot \(command.name)", command.summary, usage: [command.usage])
    page.add(command.discussion)
    page.add(command.operands.map { HelpPage.Entry($0) } + command.options.map { HelpPage.Entry($0) })
    page.add(settings: [("Settings (environment variables)", command.settings)])
    return page.text(exitCodes: exitCodes)
  }
}
