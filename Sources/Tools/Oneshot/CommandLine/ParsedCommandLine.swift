import JobRuntime

/// What the words of a command line mean.
enum ParsedCommandLine {
  /// A text to print: help, or the version.
  case text(String)
  case command(any Command.Type, rest: [String])
  /// There is no command of this name.
  case unknownCommand(String)

  init(_ words: [String]) {
    let isHelp = { (word: String) in word == "--help" || word == "-h" }
    let end = words.firstIndex(of: "--") ?? words.endIndex
    // Help is recognized anywhere: whoever needs it may not know the order of arguments yet.
    let isHelpRequest = words[..<end].contains(where: isHelp) || words.first == "help"
    let others =
      isHelpRequest ? words[..<end].filter { !isHelp($0) }.dropFirst(words.first == "help" ? 1 : 0) : words[...]
    let named = Array(others)
    if named == ["--version"] {
      self = .text("oneshot \(oneshotVersion)\n")
    } else if let (command, rest) = Commands.find(in: named) {
      self =
        isHelpRequest ? .text(CommandHelp.text(of: CommandDeclaration(of: command))) : .command(command, rest: rest)
    } else if let first = named.first {
      let group = Commands.declarations.filter { $0.name.hasPrefix("\(first) ") }
      let isWhole = named.count == 1 || isHelpRequest && named[1].hasPrefix("-")
      self =
        !group.isEmpty && isWhole
        ? .text(CommandHelp.overview(of: group))
        : .unknownCommand(named.prefix(group.isEmpty ? 1 : 2).joined(separator: " "))
    } else {
      self = .text(CommandHelp.overview())
    }
  }
}
