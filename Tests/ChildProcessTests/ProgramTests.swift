import ChildProcess
import Foundation
import TestSupport
import Testing

/// Programs as children: what they get, and what is known of them afterwards.
@Suite(.timeLimit(.minutes(10))) struct ProgramTests {
  private func shell(_ script: String, _ more: String...) -> Program {
    Program(path: "/bin/sh", arguments: ["sh", "-c", script, "sh"] + more, environment: ["PATH": "/usr/bin:/bin"])
  }

  private func output(_ program: Program, atMost limit: Int = 1 << 20) async -> (end: ProgramEnd, text: String) {
    let (end, reader) = await program.run(CapturedOutput(atMost: limit))
    return (end, String(decoding: reader.bytes, as: UTF8.self))
  }

  @Test func `words arrive as they are, and no shell reads them`() async {
    let words = ["$HOME; ls *", "two words", "", "ü\n", "'\"\\"]
    let (end, text) = await output(shell("printf '<%s>' \"$@\"", words[0], words[1], words[2], words[3], words[4]))
    #expect(end.kind == .exited(0) && end.isSuccess)
    #expect(text == words.map { "<\($0)>" }.joined())
  }

  @Test func `the environment is complete: nothing of ours is added`() async {
    setenv("ONESHOT_TEST_SECRET", "hunter2", 1)
    let program = Program(path: "/usr/bin/env", arguments: ["env"], environment: ["ONLY": "this"])
    #expect(await output(program).text == "ONLY=this\n")
  }

  @Test func `it has the descriptors that it was given, and no others`() async throws {
    var ends: [Int32] = [0, 0]
    // Without the mark that closes it at the start of a program.
    #expect(pipe(&ends) == 0)
    defer { close(ends[0]) }
    #expect(await output(shell("exec ls /proc/self/fd")).text == "0\n1\n2\n3\n", "3 is the folder that ls reads")
    var lent = shell("cat <&5; exec ls /proc/self/fd")
    lent.lent = [5: ends[0]]
    _ = write(ends[1], "lent\n", 5)
    close(ends[1])
    // 3 and 4 are /dev/null, so that no file that is opened gets their numbers by accident.
    #expect(await output(lent).text == "lent\n0\n1\n2\n3\n4\n5\n6\n")
    #expect(fcntl(ends[0], F_GETFD) >= 0, "a lent descriptor stays open here")
  }

  @Test func `stdin is empty, and what nobody reads goes nowhere`() async {
    var program = shell("cat; echo unread >&2; echo end")
    program.read = [1]
    #expect(await output(program).text == "end\n")
  }

  @Test func `it works in the folder that it was given`() async {
    var program = shell("pwd")
    program.folder = "/usr/bin"
    #expect(await output(program).text == "/usr/bin\n")
  }

  @Test func `exit codes, signals and what cannot be started are three kinds of end`() async {
    #expect(await output(shell("exit 65")).end.kind == .exited(65))
    #expect(await output(shell("kill -KILL $$")).end.kind == .killed(SIGKILL))
    let missing = Program(path: "/nonexistent", arguments: ["x"], environment: [:])
    #expect(await output(missing).end.kind == .notStarted(ENOENT))
    var elsewhere = shell("exit 0")
    elsewhere.folder = "/nonexistent"
    #expect(await output(elsewhere).end.kind == .notStarted(ENOENT))
  }

  @Test func `output arrives whole, whatever its bytes, and stderr from its end`() async {
    let program = shell("head -c 3000000 /dev/zero; seq 100000 >&2; printf 'last ü' >&2; exit 3")
    let (end, reader) = await program.run(CapturedOutput(atMost: 3_000_000))
    #expect(end.kind == .exited(3))
    #expect(reader.bytes == [UInt8](repeating: 0, count: 3_000_000) && !reader.isTooLong)
    #expect(reader.errors.utf8.count == 4096 && reader.errors.hasSuffix("\n99999\n100000\nlast ü"))
  }

  @Test func `the end of stderr begins with a whole character`() async {
    let (_, reader) = await shell("printf 'ü%.0s' $(seq 3000) >&2; printf x >&2").run(CapturedOutput(atMost: 0))
    #expect(reader.errors == String(repeating: "ü", count: 2047) + "x")
  }

  @Test func `more output than is allowed stops the program`() async {
    let (end, reader) = await shell("exec yes").run(CapturedOutput(atMost: 100_000))
    #expect(end.kind == .killed(SIGTERM) && end.stopped == .unread && !end.isSuccess)
    #expect(reader.isTooLong && reader.bytes.count == 100_000)
  }

  @Test func `too much output of a program that has ended is no success either`() async {
    let (end, reader) = await shell("echo too long").run(CapturedOutput(atMost: 3))
    #expect(end.kind == .exited(0) || end.kind == .killed(SIGTERM))
    #expect(reader.isTooLong && end.stopped == .unread && !end.isSuccess)
  }

  /// Takes its second part only when the program waits.
  private struct SlowReader: ProgramReader {
    var program = ""
    var parts = 0
    var bytes = 0
    /// How much the program had written then.
    var written = 0

    mutating func note(_ event: ProgramEvent) {
      if case .started(let number) = event { program = "/proc/\(number)" }
    }

    mutating func take(_ part: UnsafeRawBufferPointer, of descriptor: Int32) -> Bool {
      guard descriptor == 1 else { return true }
      (parts, bytes) = (parts + 1, bytes + part.count)
      guard parts == 2 else { return true }
      // One that does nothing but write sleeps only where the pipe is full.
      while facts("status")["State"]?.first != "S" { usleep(1000) }
      written = facts("io")["wchar"].flatMap { Int($0) } ?? .max
      return true
    }

    private func facts(_ file: String) -> [String: String] {
      let lines = ((try? String(contentsOfFile: "\(program)/\(file)", encoding: .utf8)) ?? "").split(separator: "\n")
      return lines.reduce(into: [:]) { facts, line in
        let parts = line.split(separator: ":", maxSplits: 1)
        if parts.count == 2 { facts[String(parts[0])] = parts[1].trimmingCharacters(in: .whitespaces) }
      }
    }
  }

  @Test func `a reader that is slow makes the program wait, and gets everything`() async throws {
    let arguments = ["dd", "if=/dev/zero", "bs=4096", "count=1000"]
    let (end, reader) = await Program(path: "/bin/dd", arguments: arguments, environment: [:]).run(SlowReader())
    #expect(end.isSuccess && reader.bytes == 4_096_000)
    #expect(reader.written < 400_000, "a pipe holds 64 KiB, and two parts were read; it wrote \(reader.written)")
  }
}
