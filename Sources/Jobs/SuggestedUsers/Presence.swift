import JobRuntime
import Postgres
import Redis

/// Whether Redis has the lists that it should have.
struct Presence: Sendable {
  let settings: SuggestedUsers.Settings

  private static let sample = 20

  init(_ settings: SuggestedUsers.Settings) { self.settings = settings }

  /// Makes all lists due if Redis has lost most of a sample, or if something unknown has changed.
  ///
  /// - Returns: how many of the sample are lost, if these are most.
  func findLost(_ run: JobRun) async throws -> Int {
    let unknown = try await noteUnknown(run)
    let statement = try Statement(
      file: "standing_lists.sql", PackageResources.standing_lists_sql,
      binding: ["living": run.startedAt - settings.timeToLive * 0.9, "limit": Self.sample])
    let users: [String] = try await run.read(statement).map { try $0.value("user_id") }
    let lost = try await run.expiries(of: users.map { settings.keyPrefix + $0 }).count { $0.life == .missing }
    guard 2 * lost > users.count else { return 0 }
    if !unknown { try await makeAllDue(run) }
    run.log.warning(
      "Redis has lost lists; all are made again, SUGGEST_BUDGET of them in a run (SUGGEST_MODE=rebuild is quicker)",
      ["lost": .integer(Int64(lost)), "sampled": .integer(Int64(users.count))])
    return lost
  }

  private func noteUnknown(_ run: JobRun) async throws -> Bool {
    let question: Statement = "select max(id) as id, min(reason) as reason from oneshot.suggestion_unknown"
    let row = try await run.read(question).only()
    guard let last: Int64 = try row.optional("id"), !run.isDryRun else { return false }
    run.log.warning(
      "a trigger could not queue what has changed, so all lists are made again",
      ["reason": .string(try row.value("reason"))])
    try await run.transaction { tx in
      try tx.execute("update oneshot.suggestion_state set due_before = \(run.startedAt)")
      try tx.execute("delete from oneshot.suggestion_unknown where id <= \(last)")
    }
    return true
  }

  private func makeAllDue(_ run: JobRun) async throws {
    guard !run.isDryRun else { return }
    try await run.transaction { tx in
      try tx.execute("update oneshot.suggestion_state set due_before = \(run.startedAt)")
    }
  }

  /// The lists of users, as texts of JSON; a user who has none has `nil`.
  func read(_ users: [String], _ run: JobRun) async throws -> [ExactName: String?] {
    guard !users.isEmpty else { return [:] }
    let commands = users.map { user in
      switch settings.form {
      case .string: RedisRead(.get, settings.keyPrefix + user)
      case .zset: RedisRead(.zrange, settings.keyPrefix + user, "0", "-1", "WITHSCORES")
      }
    }
    var lists: [ExactName: String?] = [:]
    for primary in try await run.redisPrimaries() {
      let answers = try await run.redis(on: primary) { session in try session.pipeline(commands) }
      for (user, answer) in zip(users, answers) {
        switch answer {
        case .error(let code, let message):
          // A primary of a cluster points to the one that has the key; a key of another kind is no list.
          guard primary.holdsShare && code == "MOVED" || code == "WRONGTYPE" else {
            throw RedisError.server(code: code, message: message)
          }
        default: lists[ExactName(user)] = text(answer)
        }
      }
    }
    return lists
  }

  private func text(_ answer: RedisValue) -> String? {
    guard settings.form == .zset else { return answer.text }
    let words = answer.elements.compactMap(\.text)
    guard !words.isEmpty else { return nil }
    return JSON.array(
      stride(from: 0, to: words.count, by: 2).map { JSON(members: [("id", .string(words[$0]))]) }
    ).text
  }
}
