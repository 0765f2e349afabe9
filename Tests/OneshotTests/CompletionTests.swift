import Foundation
import Operations
import TestSupport
import Testing

@testable import JobRuntime
@testable import Oneshot

/// What shells offer after `oneshot`, asked of the real shells; whatever commands there are.
@Suite(.timeLimit(.minutes(10))) struct CompletionTests {
  /// Lines to complete, and what has to be offered for each.
  private static let questions: [(line: String, offered: Set<String>)] = {
    let commands = Commands.declarations
    var questions: [(line: String, offered: Set<String>)] = [
      ("oneshot ", Set(commands.firstWords.map(\.word))), ("oneshot unl", ["unlock"]),
      ("oneshot runs --job us", ["usage-aggregation"]), ("oneshot runs --json --status fa", ["failed"]),
      ("oneshot runs --job=us", ["usage-aggregation"]), ("oneshot unlock --yes rei", ["reindex"]),
    ]
    questions += commands.groups.map { ("oneshot \($0.name) ", Set($0.commands.map(\.lastWord))) }
    for command in commands {
      questions.append(("oneshot \(command.name) --", Set(command.options.map { "--\($0.name)" } + ["--help"])))
      for option in command.options {
        guard let words = option.value?.words else { continue }
        questions.append(("oneshot \(command.name) --\(option.name) ", Set(words)))
        questions.append(("oneshot \(command.name) --\(option.name)=", Set(words)))
      }
      if let words = command.operands.first?.value.words {
        questions.append(("oneshot \(command.name) ", Set(words)))
      }
    }
    return questions
  }()

  private func script(_ shell: Shell) async throws -> String {
    let outcome = try await Operator.oneshot.run(["completion", shell.rawValue])
    #expect(outcome.exitCode == 0 && outcome.errors == "")
    return outcome.output
  }

  /// Whether the tests have the shell; where not, they say so.
  private func isThere(_ shell: Shell) -> Bool {
    let isThere = FileManager.default.isExecutableFile(atPath: "/usr/bin/\(shell)")
    if !isThere {
      skipped("completion for \(shell)", because: "\(shell) is not installed (Tests/Support/install-packages.sh test)")
    }
    return isThere
  }

  private func expect(_ answers: [Set<String>], whereOptionsHave prefix: Bool = false) throws {
    try #require(answers.count == Self.questions.count)
    for (question, answer) in zip(Self.questions, answers) {
      // fish gives the whole word, `--job=reindex`.
      let words = Set(
        answer.map { prefix ? String($0[($0.lastIndex(of: "=").map($0.index(after:)) ?? $0.startIndex)...]) : $0 })
      #expect(words.isSuperset(of: question.offered), "«\(question.line)» \(words)")
      // What is chosen among words is those words alone.
      let isOfOptions = question.line.hasSuffix("--") || question.line == "oneshot "
      if !isOfOptions { #expect(words.subtracting(["--help"]) == question.offered, "«\(question.line)» \(words)") }
    }
  }

  @Test func `the questions are about every command, and job names are those of the package`() async throws {
    #expect(Self.questions.count > Commands.all.count)
    #expect(JobNames.all.contains("usage-aggregation") && JobNames.all.count >= 4)
    for name in JobNames.all {
      #expect(try await Binary(name).run(["--describe"]).result["name"].string == name)
    }
  }

  @Test func `bash`() async throws {
    guard isThere(.bash) else { return }
    // readline cuts words at the equals sign, too.
    let asks = Self.questions.map { question in
      var words = question.line.split(separator: " ", omittingEmptySubsequences: false).flatMap { word in
        word.split(separator: "=", omittingEmptySubsequences: false).flatMap { ["=", String($0)] }.dropFirst()
      }
      if words.count > 1, words.last == "", words[words.count - 2] == "=" { words.removeLast() }
      return "ask " + words.map(quoted).joined(separator: " ")
    }
    let outcome = try await Binary(path: "/usr/bin/bash").run([
      "--norc", "-uc",
      """
      \(try await script(.bash))
      ask() { COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _oneshot; echo "${COMPREPLY[*]-}"; }
      \(asks.joined(separator: "\n"))
      """,
    ])
    #expect(outcome.exitCode == 0 && outcome.errors == "", "\(outcome.errors)")
    try expect(
      outcome.output.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map {
        Set($0.split(separator: " ").map(String.init))
      })
  }

  @Test func `fish`() async throws {
    guard isThere(.fish) else { return }
    let folder = try TemporaryFolder()
    try await script(.fish).write(toFile: "\(folder.path)/oneshot.fish", atomically: true, encoding: .utf8)
    let asks = Self.questions.map { "complete -C \(quoted($0.line)); echo ==" }
    let outcome = try await Binary(path: "/usr/bin/fish").run(
      ["--no-config", "-c", "source \(folder.path)/oneshot.fish\n" + asks.joined(separator: "\n")],
      ["HOME": folder.path, "XDG_CONFIG_HOME": folder.path, "XDG_DATA_HOME": folder.path])
    #expect(outcome.exitCode == 0 && outcome.errors == "", "\(outcome.errors)")
    let answers = outcome.output.components(separatedBy: "==\n").dropLast()
    try expect(
      answers.map { answer in Set(answer.split(separator: "\n").map { String($0.split(separator: "\t")[0]) }) },
      whereOptionsHave: true)
  }

  /// As a package installs it, and as a person sources it.
  @Test(arguments: [true, false]) func `zsh`(isInstalled: Bool) async throws {
    guard isThere(.zsh) else { return }
    let folder = try TemporaryFolder()
    try await script(.zsh).write(toFile: "\(folder.path)/_oneshot", atomically: true, encoding: .utf8)
    // A function that adds what matches is asked, in place of a screen, what it adds.
    let inner = """
      PROMPT=
      autoload -Uz compinit
      \(isInstalled ? "fpath=(\(folder.path) $fpath)" : "")
      compinit -u -D
      \(isInstalled ? "" : "source \(folder.path)/_oneshot")
      bindkey '^I' complete-word
      bindkey '^U' kill-whole-line
      number=1
      compadd() {
        if [[ ${@[1,(i)(-|--)]} == *-[OAD]\\ * ]]; then builtin compadd "$@"; return; fi
        local -a matches
        builtin compadd -A matches "$@"
        print -rl -- $matches >> \(folder.path)/offered.$number
        builtin compadd "$@"
      }
      finish() { : > \(folder.path)/done.$number; number=$((number + 1)); comppostfuncs=(finish) }
      comppostfuncs=(finish)
      : > \(folder.path)/ready
      """
    try inner.write(toFile: "\(folder.path)/inner", atomically: true, encoding: .utf8)
    let outer = """
      zmodload zsh/zpty
      zpty shell zsh -f -i
      await() { until [[ -e $1 ]]; do sleep 0.01; while zpty -rt shell said; do :; done; done }
      zpty -w shell "source \(folder.path)/inner"
      await \(folder.path)/ready
      number=0
      for line in "$@"; do
        number=$((number + 1))
        zpty -w -n shell $'\\C-u'"$line"$'\\t'
        await \(folder.path)/done.$number
      done
      zpty -d shell
      """
    let run = try Binary(path: "/usr/bin/zsh").start(
      ["-f", "-c", outer, "ask"] + Self.questions.map(\.line), ["HOME": folder.path, "TERM": "xterm"])
    let outcome = try await run.outcome(within: .seconds(120))
    #expect(outcome.exitCode == 0, "\(outcome.errors)")
    try expect(
      Self.questions.indices.map { index in
        let text = try? String(contentsOfFile: "\(folder.path)/offered.\(index + 1)", encoding: .utf8)
        return Set((text ?? "").split(separator: "\n").map(String.init))
      })
  }

  @Test(arguments: Shell.allCases)
  func `whatever a declaration says is no syntax of the shell`(shell: Shell) async throws {
    guard isThere(shell) else { return }
    let folder = try TemporaryFolder()
    let evil = #"it's [a] "trap": $(touch TRAP) `touch TRAP` \ 'x' {y} :z; touch TRAP #"#
      .replacing("TRAP", with: "\(folder.path)/trap")
    var odd = CommandDeclaration(of: Runs.self)
    odd.name = "odd"
    (odd.summary, odd.options[0].help) = (evil, evil)
    odd.operands = [OperandDeclaration(value: .file, help: evil)]
    let path = "\(folder.path)/script"
    try shell.script(for: Commands.declarations + [odd]).write(toFile: path, atomically: true, encoding: .utf8)
    let check =
      switch shell {
      case .bash: ["--norc", "-uc", "source \(path); COMP_WORDS=(oneshot odd --) COMP_CWORD=2; _oneshot"]
      case .zsh: ["-f", "-c", "compdef() :; _arguments() :; source \(path); words=(odd) state=argument; _oneshot"]
      case .fish: ["--no-config", "-c", "source \(path); complete -C 'oneshot odd --'; complete -C 'oneshot '"]
      }
    let outcome = try await Binary(path: "/usr/bin/\(shell)").run(check, ["HOME": folder.path])
    #expect(outcome.errors == "", "\(outcome.errors)")
    #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/trap"))
  }

  @Test func `an unknown shell is 64`() async throws {
    #expect(try await Operator.oneshot.run(["completion", "tcsh"]).exitCode == 64)
    #expect(try await Operator.oneshot.run(["completion"]).exitCode == 64)
  }
}
