import ChildProcess
import Glibc
import TestSupport
import Testing

/// Programs that have to end.
@Suite(.timeLimit(.minutes(10))) struct ProgramStopTests {
  private func shell(_ script: String) -> Program {
    Program(path: "/bin/sh", arguments: ["sh", "-c", script], environment: ["PATH": "/usr/bin:/bin"])
  }

  /// Remembers the program's number, and what it says.
  private struct Observer: ProgramReader {
    var events: [ProgramEvent] = []
    var text = ""

    mutating func take(_ bytes: UnsafeRawBufferPointer, of descriptor: Int32) -> Bool {
      if descriptor == 1 { text += String(decoding: bytes, as: UTF8.self) }
      return true
    }
    mutating func note(_ event: ProgramEvent) { events.append(event) }
  }

  private func isGone(_ number: Int32) -> Bool { kill(number, 0) != 0 && errno == ESRCH }

  @Test func `at its time limit it has SIGTERM, and may end in order`() async {
    var program = shell("trap 'echo in order; exit 7' TERM; while :; do sleep 0.05; done")
    program.timeLimit = .seconds(3)
    let (end, seen) = await program.run(Observer())
    #expect(end.kind == .exited(7) && end.stopped == .timeLimit && seen.text == "in order\n")
    #expect(seen.events.count == 2 && seen.events.last == .stopping)
  }

  @Test func `one that does not listen is killed with all of its group`() async throws {
    var program = shell("trap '' TERM; sleep 600 & echo $!; while :; do sleep 0.05; done")
    (program.timeLimit, program.grace) = (.seconds(3), .milliseconds(200))
    let (end, seen) = await program.run(Observer())
    #expect(end.kind == .killed(SIGKILL) && end.stopped == .timeLimit)
    #expect(seen.events.last == .killing)
    let child = try #require(Int32(seen.text.split(separator: "\n").first ?? ""))
    try await eventually { isGone(child) }
  }

  @Test func `cancelling the task stops it, and it is reaped before the call returns`() async throws {
    let program = shell("exec sleep 600")
    let task = Task { await program.run(Observer()) }
    task.cancel()
    let (end, seen) = await task.value
    #expect(end.kind == .killed(SIGTERM) && end.stopped == .requested)
    guard case .started(let number)? = seen.events.first else { throw TestFailure("it was not started") }
    #expect(isGone(number), "a zombie still has its number")
    #expect(isGone(-number))
  }

  @Test func `several at once are reaped each by its own watcher`() async {
    let codes = await withTaskGroup(of: (Int32, ProgramEnd.Kind).self) { group in
      for code in Int32(0)..<40 {
        group.addTask { (code, await shell("exit \(code)").run(Observer()).end.kind) }
      }
      return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
    }
    #expect(codes.count == 40 && codes.allSatisfy { $0.value == .exited($0.key) })
  }

  @Test func `who has left the group and holds the output does not keep it, and is reported`() async throws {
    // The sixth field is the session: until it is the process's own, the process is of the group that is killed.
    let leaves = "setsid sleep 600 & echo $!; until [ \"$(cut -d ' ' -f 6 /proc/$!/stat)\" = $! ]; do :; done"
    let (end, seen) = await shell(leaves).run(Observer())
    #expect(end.kind == .exited(0) && end.isOutputHeld && !end.isSuccess)
    kill(try #require(Int32(seen.text.split(separator: "\n").first ?? "")), SIGKILL)
  }
}
