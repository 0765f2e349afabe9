import JobRuntime
import Postgres

/// Looks whether lists of a sample are those that a run would make now, and writes nothing.
extension ListPass {
  mutating func verify() async throws {
    let sample = try await run.read(suggestions.sample(limit: settings.budget).limited(to: run.timeLeft))
    let users: [String] = try sample.map { try $0.value("user_id") }
    let presence = Presence(settings)
    for start in stride(from: 0, to: users.count, by: settings.batch) {
      try Task.checkCancellation()
      let some = Array(users[start..<min(start + settings.batch, users.count)])
      let batch = try await Batch.read(some, suggestions, popular: popular, run)
      let lists = try await presence.read(some, run)
      report.users += some.count
      for list in batch.lists where !list.isInactive {
        switch lists[ExactName(list.user)] ?? nil {
        case nil: report.missing += 1
        case let text? where settings.form == .string && MadeList.digest(text) != list.digest: report.stale += 1
        default: break
        }
      }
      try await reject(try await forbidden(lists, presence))
    }
  }

  /// Users whose list names somebody who must not be in it.
  ///
  /// A list that a run publishes meanwhile may look like that, so each is checked twice.
  private func forbidden(_ lists: [ExactName: String?], _ presence: Presence) async throws -> [String] {
    var suspects = try await named(lists)
    if !suspects.isEmpty { suspects = try await named(try await presence.read(suspects, run)) }
    return suspects
  }

  private func named(_ lists: [ExactName: String?]) async throws -> [String] {
    try await named(lists.compactMap { user, text in text.map { (user.text, $0) } })
  }

  /// What stands in a key may be no list of ids: somebody else has written it.
  ///
  /// It is found by halves.
  private func named(_ lists: [(user: String, text: String)]) async throws -> [String] {
    let statement = try suggestions.forbidden(lists.map(\.user), lists: lists.map(\.text))
    do {
      return try await run.read(statement.limited(to: run.timeLeft)).map { try $0.value("user_id") }
    } catch PostgresError.server(let error) where error.state.mayBeOfOneRow {
      guard lists.count > 1 else { return lists.map(\.user) }
      return try await named(Array(lists[..<(lists.count / 2)])) + named(Array(lists[(lists.count / 2)...]))
    }
  }

  private mutating func reject(_ users: [String]) async throws {
    guard !users.isEmpty else { return }
    report.forbidden += users.count
    try await run.transaction { tx in
      try tx.reject(
        users.map {
          ItemFailure(
            item: $0, kind: .forbidden,
            message: "the list of user \($0) names somebody who must not be in it, or is none")
        })
    }
  }
}
