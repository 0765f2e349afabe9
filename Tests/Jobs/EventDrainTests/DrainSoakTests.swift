import Foundation
import TestSupport
import Testing

/// Runs that are killed between any two statements, one after the other.
///
/// `make soak` kills a thousand.
@Suite(.timeLimit(.minutes(120))) struct DrainSoakTests {
  private static func number(_ name: String) -> UInt64? {
    ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
  }

  @Test(arguments: ["redis", "postgres"])
  func `killed at random between any two statements, and each event has its effect once`(source: String) async throws {
    let kills = Self.number("ONESHOT_DRAIN_KILLS").map { Int($0) } ?? 20
    let seed = Self.number("ONESHOT_SEED") ?? UInt64.random(in: 0..<1_000_000)
    print("event-drain from \(source): \(kills) kills, ONESHOT_SEED=\(seed)")
    var random = SeededGenerator(seed)
    let drained = try await Drained(["EVENTS_SOURCE": source])
    let ways = ["5", "20", "500"].map { ["EVENTS_BATCH": $0] }
    var (sent, killed) = ([String](), 0)
    while killed < kills {
      let events = Drained.random(after: sent.count, using: &random)
      try await drained.write(events, to: source)
      sent += events
      let way = ways.randomElement(using: &random) ?? [:]
      let (piece, arrives) = (Int.random(in: 1..<170, using: &random), Bool.random(using: &random))
      if try await drained.kill(way, atPiece: piece, arrives: arrives) {
        killed += 1
      } else {
        try await drained.expectRight(after: sent, "ONESHOT_SEED=\(seed), before kill \(killed + 1)")
      }
    }
    let last = try await drained.run()
    #expect([0, 65].contains(last.exitCode), "\(last.output)\(last.errors)")
    try await drained.expectRight(after: sent, "ONESHOT_SEED=\(seed), in the end")
  }
}

extension Drained {
  func expectRight(after events: [String], _ context: String) async throws {
    #expect(try await mistakes(after: events) == [], Comment(rawValue: context))
  }
}
