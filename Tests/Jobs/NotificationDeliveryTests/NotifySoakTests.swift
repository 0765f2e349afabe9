import Foundation
import TestSupport
import Testing

/// Runs that are killed anywhere.
///
/// `make soak` does it a thousand times.
@Suite(.timeLimit(.minutes(120))) struct NotifySoakTests {
  @Test func `killed again and again, each notification is shown once and decided once`() async throws {
    let environment = ProcessInfo.processInfo.environment
    let kills = environment["ONESHOT_SOAK_RUNS"] == nil ? 8 : 1000
    let seed = environment["ONESHOT_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 1...999_999)
    print("kill points: ONESHOT_SEED=\(seed)")
    var random = SeededGenerator(seed)
    let notices = try await Notices(["NOTIFY_BATCH": "7", "NOTIFY_QUIET": "22:00-07:00", "NOTIFY_MAX_EMAILS": "3/1h"])
    try await notices.addUsers(1...20)
    try await notices.place.execute(
      "insert into notification_preferences select g, 'social', 'email', 'daily' from generate_series(1, 20, 4) g")
    var id = 0
    for kill in 1...kills {
      let more = Int.random(in: 20...60, using: &random)
      try await notices.add((id + 1)...(id + more), users: 20)
      id += more
      _ = try await notices.kill([:], after: Int.random(in: 3...40, using: &random))
      #expect(try await notices.mistakes() == [], "after \(kill) kills")
    }
    let last = try await notices.run()
    #expect(last.exitCode == 0, "\(last.output)")
    #expect(try await notices.mistakes() == [])
    #expect(try await notices.place.value("select count(*) from oneshot.notification_inbox") == "\(id)")
  }
}
