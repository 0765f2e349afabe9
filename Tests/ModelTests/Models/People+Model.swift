import Redis
import TestSupport

@testable import SuggestedUsers

/// The model is a few lines of Python over all rows.
extension People: ModelledJob {
  typealias TestedJob = SuggestedUsers

  /// Without numbers of followers, which lists of others may be behind with: what is queued is then all that changes.
  static let ways = ["changed", "rebuild"].map {
    ["SUGGEST_MODE": $0, "SUGGEST_BATCH": "7", "SUGGEST_DAMPING": "0", "SUGGEST_COLD_START": "none"]
  }

  static func make(on servers: PrivateServers?) async throws -> People {
    let people = try await People(on: servers)
    try await people.fill(users: 18, follows: 90)
    return people
  }

  func clear() async throws {
    try await forgetRuns()
    try await place.execute(
      """
      delete from oneshot.suggestion_lists; delete from oneshot.suggestion_hubs; delete from oneshot.suggestion_cursors;
      update oneshot.suggestion_state set counted_at = null, due_before = '-infinity';
      delete from oneshot.suggestion_pending;
      insert into oneshot.suggestion_pending (user_id, urgency) select id::text, 1 from users
      """)
    try await place.redis("FLUSHDB")
  }

  func change(using random: inout SeededGenerator) async throws {
    let numbers = (0..<4).map { _ in Int.random(in: 1...17, using: &random) }
    try await place.execute(
      """
      insert into follows select g, 1 + (g + \(numbers[0])) % 18, timestamptz '\(Self.now)' - g * interval '1 minute'
      from generate_series(1, \(numbers[1])) g on conflict do nothing;
      insert into blocks values (\(numbers[2]), 18), (18, \(numbers[3])) on conflict do nothing;
      delete from blocks where user_id = \(numbers[0]);
      insert into mutes values (\(numbers[1]), \(numbers[3])) on conflict do nothing
      """)
  }

  func mistakes() async throws -> [String] {
    func lines(_ lists: [String: String]) -> [String] { lists.map { "\($0): \($1)" }.sorted() }
    return differences(
      "lists", lines(try await lists()), lines(try await model(damping: 0, coldStart: false)))
  }
}
