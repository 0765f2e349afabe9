import JobRuntime

/// Who changes something, for the audit: the given name, or else the user at the terminal.
struct Doer: Sendable {
  private let name: String?

  init(from arguments: inout Arguments, _ env: inout Environment) {
    let by = arguments.optionalText("by", .text("NAME"), help: "who does it, for the audit")
    let name = env.optionalString("ONESHOT_OPERATOR", help: "Who does it; unset, and without --by, user@host.")
    if by == "" { arguments.complain("--by is empty; it names who does it") }
    self.name = by ?? name
  }

  func name(_ console: Console) -> String { name ?? console.user }
}
