import JobRuntime

/// `oneshot completion SHELL`: the script that a shell has to read to complete this command.
struct Completion: Command {
  static let name = "completion"
  static let summary = "print the completion script of a shell"
  static let discussion =
    "bash: eval \"$(oneshot completion bash)\" in ~/.bashrc. zsh: source <(oneshot completion zsh) in ~/.zshrc, after compinit. fish: oneshot completion fish | source in ~/.config/fish/config.fish. Packages put the output where the first line of each says."

  private let shell: Shell?

  init(from arguments: inout Arguments, _ env: inout Environment) {
    shell = arguments.choiceOperand(of: Shell.self, help: "the shell")
  }

  func run(_ console: Console, on servers: NoServer) async throws -> Int32 {
    try console.say(shell?.script(for: Commands.declarations) ?? "")
    return 0
  }
}
