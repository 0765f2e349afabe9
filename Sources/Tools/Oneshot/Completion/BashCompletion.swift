import JobRuntime
import Operations

/// Completion for bash, without the package bash-completion.
enum BashCompletion {
  static func script(for commands: [CommandDeclaration]) -> String {
    """
    # Completion of oneshot for bash: oneshot completion bash > /usr/share/bash-completion/completions/oneshot

    # The options of a command.
    _oneshot_options() {
      case $1 in
    \(commands.map(options).joined())  esac
    }

    # What a value may be: _oneshot_values COMMAND OPTION, or COMMAND and the operand's number. 1: anything else.
    _oneshot_values() {
      case "$1:$2" in
    \(commands.map(values).joined())    *) return 1 ;;
      esac
    }

    # Whether an option has a value: _oneshot_takes_value COMMAND OPTION
    _oneshot_takes_value() {
      case "$1:$2" in
    \(commands.map(valued).joined())    *) return 1 ;;
      esac
    }

    _oneshot() {
      local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
      local first=${COMP_WORDS[1]} command=${COMP_WORDS[1]} start=2 offered
      COMPREPLY=()
      if [ "$COMP_CWORD" -eq 1 ]; then
        COMPREPLY=($(compgen -W "\((commands.firstWords.map(\.word) + ["--help", "--version"]).joined(separator: " "))" -- "$word"))
        return
      fi
      case $first in
    \(commands.groups.map(group).joined())  esac

      # readline makes --job=x three words.
      if [ "$word" = = ]; then word=; elif [ "$before" = = ]; then before=${COMP_WORDS[COMP_CWORD-2]}; fi
      if [[ $before = --* ]] && _oneshot_takes_value "$command" "$before"; then
        offered=$(_oneshot_values "$command" "$before") || offered=
      elif [[ $word = -* ]]; then
        offered=$(_oneshot_options "$command")
      else
        local number=1 i
        for ((i = start; i < COMP_CWORD; i++)); do
          case ${COMP_WORDS[i]} in
            --*) if _oneshot_takes_value "$command" "${COMP_WORDS[i]}"; then
                i=$((i + 1))
                if [ "${COMP_WORDS[i]}" = = ]; then i=$((i + 1)); fi
              fi ;;
            *) number=$((number + 1)) ;;
          esac
        done
        offered=$(_oneshot_values "$command" $number) || offered=$(_oneshot_options "$command")
      fi
      if [ "$offered" = '<file>' ]; then
        local IFS=$'\\n'
        compopt -o filenames 2>/dev/null
        COMPREPLY=($(compgen -f -- "$word"))
      else
        COMPREPLY=($(compgen -W "$offered" -- "$word"))
      fi
    }

    complete -F _oneshot oneshot

    """
  }

  private static func options(_ command: CommandDeclaration) -> String {
    let names = command.completedOptions.map { "--\($0.name)" }.joined(separator: " ")
    return "    \(quoted(command.name))) echo \(quoted(names)) ;;\n"
  }

  private static func valued(_ command: CommandDeclaration) -> String {
    let names = command.options.filter { $0.value != nil }.map { quoted("\(command.name):--\($0.name)") }
    return names.isEmpty ? "" : "    \(names.joined(separator: " | "))) ;;\n"
  }

  private static func values(_ command: CommandDeclaration) -> String {
    let places =
      command.options.map { ("--\($0.name)", $0.value) }
      + command.operands.enumerated().map { ($0.element.isRepeated ? "[1-9]*" : "\($0.offset + 1)", $0.element.value) }
    return places.map { place, value in
      let words = value == .file ? "<file>" : value?.words?.joined(separator: " ")
      // A number's pattern is no text to be quoted.
      let place = place.hasPrefix("[") ? quoted("\(command.name):") + place : quoted("\(command.name):\(place)")
      return words.map { "    \(place)) echo \(quoted($0)) ;;\n" } ?? ""
    }.joined()
  }

  private static func group(_ name: String, _ commands: [CommandDeclaration]) -> String {
    """
        \(name))
          if [ "$COMP_CWORD" -eq 2 ]; then
            COMPREPLY=($(compgen -W "\(commands.map(\.lastWord).joined(separator: " ")) --help" -- "$word"))
            return
          fi
          command="$first ${COMP_WORDS[2]}" start=3 ;;

    """
  }
}
