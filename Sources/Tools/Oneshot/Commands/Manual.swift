import JobRuntime

/// `oneshot man`: the manual page.
struct Manual: Command {
  static let name = "man"
  static let summary = "print the manual page (roff)"
  static let discussion =
    "oneshot man | man -l - shows it; packages put it into /usr/share/man/man1/oneshot.1."

  init(from arguments: inout Arguments, _ env: inout Environment) {}

  func run(_ console: Console, on servers: NoServer) async throws -> Int32 {
    try console.say(ManualPage.text(of: Commands.declarations))
    return 0
  }
}
