import JobRuntime
import Operations

/// A shell that can complete what is typed after `oneshot`.
enum Shell: String, CaseIterable, Sendable {
  case bash, zsh, fish

  /// The script for the shell, made from the declarations alone, so that completion starts no program.
  func script(for commands: [CommandDeclaration]) -> String {
    switch self {
    case .bash: BashCompletion.script(for: commands)
    case .zsh: ZshCompletion.script(for: commands)
    case .fish: FishCompletion.script(for: commands)
    }
  }
}

extension CommandDeclaration {
  /// The options, and `--help`, which every command has.
  var completedOptions: [OptionDeclaration] {
    options + [OptionDeclaration(name: "help", value: nil, fallback: nil, help: "show what can be given")]
  }

  /// The first word of a name of two: `dead-letters` of `dead-letters list`.
  var group: String? {
    let words = name.split(separator: " ")
    return words.count == 2 ? String(words[0]) : nil
  }

  /// The last word of the name.
  var lastWord: String { String(name.split(separator: " ").last ?? "") }
}

extension [CommandDeclaration] {
  /// The possible first words: commands of one word, and groups, each once.
  var firstWords: [(word: String, summary: String)] {
    var words: [(word: String, summary: String)] = []
    for command in self where !words.contains(where: { $0.word == command.group ?? command.name }) {
      words.append((command.group ?? command.name, command.group.map { "commands on \($0)" } ?? command.summary))
    }
    return words
  }

  /// The groups, and their possible second words.
  var groups: [(name: String, commands: [CommandDeclaration])] {
    firstWords.map(\.word).map { word in (word, filter { $0.group == word }) }.filter { !$0.1.isEmpty }
  }
}

extension ValueKind {
  /// The words that a shell may offer; `nil` where any text is possible.
  var words: [String]? {
    switch self {
    case .choice(let words): words
    case .job: JobNames.all
    case .text, .file: nil
    }
  }
}
