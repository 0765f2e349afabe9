import Foundation
import TestSupport
import Testing

/// docs/your-schema-in-an-hour.md, followed to its end, and what else happens to a new user in an hour: Tests/Newcomer.
///
/// Cloning and `make demo`, the rest of that hour, are for `make newcomer`: they build everything once more.
@Suite(.timeLimit(.minutes(10))) struct NewcomerTests {
  @Test func `the tutorial, a restore and three incidents go as their pages say`() async throws {
    let page = try Page("docs/your-schema-in-an-hour.md")
    // The build is done already, and the servers of its last line are those of this run.
    #expect(try page.code("build", "sh") == "swift build\nTests/Support/private-servers.sh bash\n")
    let binaries = Binary("oneshot").url.deletingLastPathComponent().path
    let hour = try await Binary(path: "\(Compiler.root)/Tests/Support/private-servers.sh").run(
      ["\(Compiler.root)/Tests/Newcomer/hour.sh", binaries])
    #expect(hour.exitCode == 0, "\(hour.output.suffix(3000))\n\(hour.errors.suffix(3000))")

    let parts = hour.output.components(separatedBy: "\n== ").dropFirst()
    #expect(parts.count == 5)
    let tutorial = parts.first ?? ""
    func answer(to command: String) -> String {
      tutorial.components(separatedBy: "$ \(command)").dropFirst().first?.components(separatedBy: "\n[")[0] ?? ""
    }
    let results = tutorial.split(separator: "\n").filter { $0.hasPrefix("{\"job\"") }.map {
      ResultLine(text: String($0))
    }
    #expect(results.count == 10 && results.allSatisfy { $0["status"].string == "succeeded" }, "\(tutorial)")
    #expect(answer(to: "psql -X \"$DATABASE_URL\" -c \"select merchant_id").contains(/eu:berlin *\|.*\| *1200/))
    #expect(
      answer(to: "redis-cli -s \"$ONESHOT_SERVERS/redis.sock\" zrevrange top:posts_loved:1d").contains("2999\n9\n"))
    #expect(
      answer(to: "redis-cli -s \"$ONESHOT_SERVERS/redis.sock\" zrevrange top:authors_followed").contains("7\n150\n"))
    #expect(
      answer(to: "psql -X \"$DATABASE_URL\" -c \"select bucket_start").contains(/page_view *\| \/0 *\| *1334 *\| *100/))
    #expect(answer(to: "psql -X \"$DATABASE_URL\" -c \"select count(*)").contains("990"))
    #expect(answer(to: "psql -X \"$DATABASE_URL\" -c \"select s.entity_id").contains("Giraffes in the harbour"))
    #expect(answer(to: "oneshot health").contains("Healthy"))
    #expect(
      answer(to: "psql -X \"$DATABASE_URL\" -c \"select job").contains(
        /top-stats *\| \["authors_followed", "posts_loved"\]/))
    // Each part ends well.
    #expect(parts.allSatisfy { $0.components(separatedBy: "$ oneshot health").last?.contains("Healthy") ?? false })
    #expect(hour.output.contains(/A new user's hour: [0-9]+ commands\./))
  }
}
