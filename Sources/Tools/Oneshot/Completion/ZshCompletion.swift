import JobRuntime
import Operations

/// Completion for zsh.
enum ZshCompletion {
  static func script(for commands: [CommandDeclaration]) -> String {
    """
    #compdef oneshot
    # Completion of oneshot for zsh: oneshot completion zsh > /usr/share/zsh/vendor-completions/_oneshot

    _oneshot() {
      local curcontext=$curcontext state line ret=1
      local -a commands
      commands=(\(described(commands.firstWords)))
      _arguments -C '(- *)--help[show the commands]' '(- *)--version[show the version]' \\
        '1:command:->command' '*::argument:->argument' && ret=0
      case $state in
        command) _describe command commands && ret=0 ;;
        argument)
          case $words[1] in
    \(commands.filter { $0.group == nil }.map { call($0, indent: 8) }.joined())\
    \(commands.groups.map(group).joined())\
          esac ;;
      esac
      return ret
    }

    # Read by `source`, it makes itself known; read by compinit as _oneshot, it is the function.
    if [[ $funcstack[1] = _oneshot ]]; then _oneshot "$@"; else compdef _oneshot oneshot; fi

    """
  }

  private static func described(_ words: [(word: String, summary: String)]) -> String {
    words.map { quoted("\($0.word):\($0.summary)") }.joined(separator: " ")
  }

  private static func call(_ command: CommandDeclaration, indent: Int) -> String {
    let specifications = (command.completedOptions.map(option) + command.operands.enumerated().map(operand))
      .joined(separator: " ")
    return String(repeating: " ", count: indent) + "\(command.lastWord)) _arguments \(specifications) && ret=0 ;;\n"
  }

  private static func group(_ name: String, _ commands: [CommandDeclaration]) -> String {
    """
            \(name))
              commands=(\(described(commands.map { ($0.lastWord, $0.summary) })))
              _arguments -C '--help[show the commands]' '1:command:->second' '*::argument:->argument' && ret=0
              case $state in
                second) _describe command commands && ret=0 ;;
                argument)
                  case $words[1] in
    \(commands.map { call($0, indent: 16) }.joined())\
                  esac ;;
              esac ;;

    """
  }

  private static func option(_ option: OptionDeclaration) -> String {
    let help = "[\(escaped(option.help, "[]"))]"
    guard let value = option.value else { return quoted("--\(option.name)\(help)") }
    return quoted("--\(option.name)=\(help):\(escaped(value.placeholder, ":")):\(action(value))")
  }

  private static func operand(_ number: Int, _ operand: OperandDeclaration) -> String {
    let mark = operand.isOptional ? "::" : ":"
    let place = operand.isRepeated ? "*" : "\(number + 1)"
    return quoted("\(place)\(operand.isRepeated ? ":" : mark)\(escaped(operand.help, ":")):\(action(operand.value))")
  }

  private static func action(_ value: ValueKind) -> String {
    value == .file ? "_files" : value.words.map { "(\($0.joined(separator: " ")))" } ?? " "
  }

  /// The text with a backslash before characters that are special in a specification.
  private static func escaped(_ text: String, _ marks: String) -> String {
    text.map { marks.contains($0) || $0 == "\\" ? "\\\($0)" : "\($0)" }.joined()
  }
}
