import JobRuntime
import Operations

/// A shell that can complete what is typed after `oneshot`.
enum Shell: String, CaseIterable, Sendable {
  case bash, zsh, fish

  /// What the shell has to read; made of the declarations alone, so that completing starts no program.
  func script(for commands: [CommandDeclaration]) -> String {
    switch self {
    case .bash: BashCompletion.script(for: commands)
    case .zsh: ZshCompletion.script(for: commands)
    case .fish: FishCompletion.script(for: commands)
    }
  }
}

extension CommandDeclaration {
  /// The options, with the one that every command has.
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
  /// What can stand first: commands of one word, and groups, each once.
  var firstWords: [(word: String, summary: String)] {
    var words: [(word: String, summary: String)] = []
    for command in self where !words.contains(where: { $0.word == command.group ?? command.name }) {
      words.append((command.group ?? command.name, command.group.map { "commands on \($0)" } ?? command.summary))
    }
    return words
  }

  /// The groups, and what can stand second.
  var groups: [(name: String, commands: [CommandDeclaration])] {
    firstWords.map(\.word).map { word in (word, filter { $0.group == word }) }.filter { !$0.1.isEmpty }
  }
}

extension ValueKind {
  /// The words that a shell may offer; `nil` where only who types knows.
  var words: [String]? {
    switch self {
    case .choice(let words): words
    case .job: JobNames.all
    case .text, .file: nil
    }
  }
}
