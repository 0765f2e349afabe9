import JobRuntime
import Operations

/// Completion for fish.
enum FishCompletion {
  static func script(for commands: [CommandDeclaration]) -> String {
    """
    # Completion of oneshot for fish: oneshot completion fish > /usr/share/fish/vendor_completions.d/oneshot.fish

    # Whether these words stand behind oneshot, and nothing else yet.
    function __oneshot_stands
        set -l typed (commandline -opc)[2..]
        test (count $typed) -eq (count $argv); and test "$typed" = "$argv"
    end
    # Whether the words behind oneshot begin with these.
    function __oneshot_begins
        set -l typed (commandline -opc)[2..]
        set -l length (count $argv)
        test (count $typed) -ge $length; and test "$typed[1..$length]" = "$argv"
    end
    # Whether the operand with this number is next: __oneshot_operand NUMBER 'OPTIONS WITH VALUES' COMMAND…
    function __oneshot_operand
        set -l valued (string split ' ' -- $argv[2])
        set -l command $argv[3..]
        __oneshot_begins $command; or return 1
        set -l first (math (count $command) + 1)
        set -l typed (commandline -opc)[2..]
        set -l number 1
        set -l is_value 0
        for word in $typed[$first..]
            if test $is_value -eq 1
                set is_value 0
            else if contains -- $word $valued
                set is_value 1
            else if not string match -q -- '--*' $word
                set number (math $number + 1)
            end
        end
        test $is_value -eq 0; and test $number -eq $argv[1]
    end

    complete -c oneshot -f
    complete -c oneshot -n __oneshot_stands -l help -d 'show the commands'
    complete -c oneshot -n __oneshot_stands -l version -d 'show the version'
    \(commands.firstWords.map { word("", $0.word, $0.summary) }.joined())\
    \(commands.groups.map(group).joined())\
    \(commands.map(arguments).joined())
    """
  }

  private static func word(_ before: String, _ word: String, _ summary: String) -> String {
    let condition = before.isEmpty ? "__oneshot_stands" : "__oneshot_stands \(before)"
    return "complete -c oneshot -n \(quoted(condition)) -a \(quoted(word)) -d \(escaped(summary))\n"
  }

  private static func group(_ name: String, _ commands: [CommandDeclaration]) -> String {
    commands.map { word(name, $0.lastWord, $0.summary) }.joined()
  }

  private static func arguments(_ command: CommandDeclaration) -> String {
    let options = command.completedOptions.map { option in
      let words = option.value.map { " " + values($0) } ?? ""
      return
        "complete -c oneshot -n \(quoted("__oneshot_begins \(command.name)")) -l \(option.name)\(words) -d \(escaped(option.help))\n"
    }
    let valued = command.options.filter { $0.value != nil }.map { "--\($0.name)" }.joined(separator: " ")
    let operands = command.operands.enumerated().map { index, operand in
      let condition =
        operand.isRepeated
        ? "__oneshot_begins \(command.name)" : "__oneshot_operand \(index + 1) \"\(valued)\" \(command.name)"
      guard operand.value == .file || operand.value.words != nil else { return "" }
      return "complete -c oneshot -n \(quoted(condition)) \(values(operand.value))\n"
    }
    return (options + operands).joined()
  }

  private static func values(_ value: ValueKind) -> String {
    if value == .file { return "-r -F" }
    return "-x" + (value.words.map { " -a " + quoted($0.joined(separator: " ")) } ?? "")
  }

  /// In fish's single quotes a backslash escapes itself and a quote.
  private static func escaped(_ text: String) -> String {
    "'" + text.replacing("\\", with: #"\\"#).replacing("'", with: #"\'"#) + "'"
  }
}
