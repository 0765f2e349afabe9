import Foundation
import JobRuntime
import TestSupport
import Testing

@testable import Oneshot

/// The manual page, and what `--help` says.
@Suite(.timeLimit(.minutes(10))) struct ManualTests {
  /// What a reader sees of a page, and what the formatter has to complain about.
  private func rendered(_ page: String) async throws -> (text: String, complaints: String)? {
    guard FileManager.default.isExecutableFile(atPath: "/usr/bin/man") else {
      skipped("the manual page", because: "man is not installed (Tests/Support/install-packages.sh test)")
      return nil
    }
    let folder = try TemporaryFolder()
    try page.write(toFile: "\(folder.path)/oneshot.1", atomically: true, encoding: .utf8)
    let outcome = try await Binary(path: "/usr/bin/man").run(
      ["--warnings", "-E", "UTF-8", "-l", "\(folder.path)/oneshot.1"],
      ["LC_ALL": "C.UTF-8", "MANWIDTH": "200", "HOME": folder.path, "MANROFFSEQ": "", "MANPAGER": "cat"])
    #expect(outcome.exitCode == 0)
    // Letters that overstrike themselves are bold.
    return (outcome.output.replacing(/.\u{8}/, with: "").replacing(/[ \n]+/, with: " "), outcome.errors)
  }

  @Test func `the page has every command, option, value and setting, and no fault`() async throws {
    let outcome = try await Operator.oneshot.run(["man"])
    #expect(outcome.exitCode == 0)
    guard let page = try await rendered(outcome.output) else { return }
    #expect(page.complaints == "")
    for command in Commands.declarations {
      #expect(page.text.contains(command.usage), "\(command.usage)")
      let discussion = command.discussion.replacing(/[ \n]+/, with: " ")
      #expect(discussion.isEmpty || page.text.contains(discussion), "\(command.name)")
      for option in command.options { #expect(page.text.contains("\(option.text) \(option.help)"), "\(option.name)") }
      for operand in command.operands { #expect(page.text.contains("\(operand.value.placeholder) \(operand.help)")) }
      for setting in command.settings {
        #expect(page.text.contains("\(setting.name) \(setting.help)"), "\(setting.name)")
      }
    }
    #expect(page.text.contains(CommandHelp.exitCodes))
  }

  @Test func `whatever a declaration says is text`() async throws {
    var odd = CommandDeclaration(of: Runs.self)
    odd.summary = #".TH "a" \n[x] \fB 'b' `c` ^d~ "e""#
    odd.discussion = ".so /etc/passwd\n'br\n\\&x \"quoted\" – ünïcödé 日本"
    odd.options[0].help = ".ex"
    guard let page = try await rendered(ManualPage.text(of: [odd])) else { return }
    #expect(page.complaints == "")
    for text in [
      #".TH "a" \n[x] \fB 'b' `c` ^d~ "e"."#, ".so /etc/passwd 'br \\&x \"quoted\" – ünïcödé 日本", "--job JOB .ex",
    ] {
      #expect(page.text.contains(text), "\(text) in \(page.text)")
    }
  }

  @Test func `every command has a help that names what can be given`() async throws {
    let overview = try await Operator.oneshot.run(["--help"])
    #expect(overview.exitCode == 0 && overview.errors == "")
    for command in Commands.declarations {
      #expect(overview.output.contains("  \(command.name) "), "\(command.name)")
      let help = try await Operator.oneshot.run(command.name.split(separator: " ").map(String.init) + ["--help"])
      #expect(help.exitCode == 0 && help.errors == "")
      #expect(help.output.hasPrefix("oneshot \(command.name) — \(command.summary)\n"))
      for option in command.options { #expect(help.output.contains("  \(option.text)")) }
      for operand in command.operands { #expect(help.output.contains("  \(operand.value.placeholder)")) }
    }
    #expect(try await Operator.oneshot.run([]).output == overview.output)
    #expect(try await Operator.oneshot.run(["--version"]).output.hasPrefix("oneshot 0."))
  }
}
