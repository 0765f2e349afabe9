import Foundation
import TestSupport
import Testing

/// docs/from-sign-up-to-mail.md, followed: every command, in its order, with the real binaries and a real mail server.
@Suite(.timeLimit(.minutes(10)), .enabled(if: TraitBuild.isOutboxBuilt)) struct SignUpPageTests {
  @Test func `the page's sign-up becomes the mails that it names, once`() async throws {
    let page = try Page("docs/from-sign-up-to-mail.md")
    let blocks = page.text.components(separatedBy: "```sh\n").dropFirst().map {
      $0.components(separatedBy: "```")[0]
    }
    // The build is done already, and the servers of its last line are those of this run.
    let build = try page.code("build", "sh").split(separator: "\n")
    #expect(blocks.first == build.map { "\($0)\n" }.joined())
    #expect(
      build.last == "Tests/Support/private-servers.sh bash"
        && build.dropLast().allSatisfy { $0.hasPrefix("swift build") })
    let port = try Socket.freePort()
    let script = blocks.dropFirst().joined().replacing("8025", with: "\(port)")
    let run = try await Binary(path: "/bin/bash").run(
      ["-euc", "cd \"$0\"\nexec Tests/Support/private-servers.sh bash -euo pipefail -c \"$1\"", Compiler.root, script])
    #expect(run.exitCode == 0, "\(run.output.suffix(3000))\n\(run.errors.suffix(3000))")

    let results = run.output.split(separator: "\n").filter { $0.hasPrefix("{\"job\"") }.map {
      ResultLine(text: String($0))
    }
    #expect(results.count == 15 && results.allSatisfy { $0["status"].string == "succeeded" }, "\(run.output)")
    func counts(_ job: String, _ count: String) -> [Int?] {
      results.filter { $0["job"].string == job }.map { $0["counts", count].int }
    }
    #expect(counts("fraud-detection", "held") == [1, 0])
    #expect(counts("waitlist-positions", "notified") == [0, 1, 0, 0])
    #expect(counts("outbox-delivery", "sent") == [2, 0])
    // The last event is the first sign-up once more.
    #expect(counts("event-drain", "duplicates").compactMap(\.self) == [0, 0, 1, 0])

    #expect(
      Set(mails(run.output)) == [
        "person30@mail.example.org: You were at place 30 of the waitlist, and are at 21 now.",
        "staff@mail.example.org: It has 91 points. oneshot fraud show 42 says why.",
      ], "\(run.output)")
    let places = ["30 |       21", "21 |       22", "41 |       41", "42 |       42"].map { " \($0)" }
    #expect(run.output.contains(places.joined(separator: "\n")), "\(run.output)")
    #expect(run.output.contains("approved 42, by me") && run.output.contains(" position \n----------\n       11\n"))
  }

  /// Recipient and text of each mail that the mail server has printed.
  private func mails(_ output: String) -> [String] {
    output.components(separatedBy: "---------- MESSAGE FOLLOWS ----------\n").dropFirst().map { mail in
      let lines = mail.components(separatedBy: "------------ END MESSAGE")[0].split(separator: "\n")
      let recipient = lines.first { $0.hasPrefix("To: ") }?.dropFirst(4) ?? "nobody"
      return "\(recipient): \(lines.last ?? "")"
    }
  }
}
