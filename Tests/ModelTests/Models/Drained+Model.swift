import Redis
import TestSupport

@testable import EventDrain

/// The model is what stands in the stream.
extension Drained: ModelledJob {
  typealias TestedJob = EventDrain

  static func make(on servers: PrivateServers?) async throws -> Drained {
    let drained = try await Drained(on: servers)
    try await drained.add([event(0), event(1), happening(2, "liked", on: 1, of: 2), event(0)])
    return drained
  }

  func clear() async throws {
    try await forgetRuns()
    try await place.execute(
      """
      delete from effects; delete from oneshot.event_inbox; delete from oneshot.event_positions;
      delete from oneshot.live_batches; delete from oneshot.dead_letters where job = '\(Self.job)'
      """)
    for pattern in ["live:*", "oneshot:tally:*", "oneshot:steps:*"] {
      for key in try await place.redis("KEYS", pattern).elements.compactMap(\.text) {
        try await place.redis("DEL", key)
      }
    }
    try await place.redis("XGROUP", "DESTROY", "events:job", "oneshot")
  }

  func change(using random: inout SeededGenerator) async throws {
    try await add(Self.random(after: events().count, using: &random))
  }

  func mistakes() async throws -> [String] { try await mistakes(after: events()) }

  private func events() async throws -> [String] {
    try await place.redis("XRANGE", "events:job", "-", "+").elements.compactMap {
      $0.elements.last?.elements.last?.text
    }
  }
}
