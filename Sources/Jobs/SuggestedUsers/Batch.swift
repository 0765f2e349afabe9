import JobRuntime
import Postgres

/// The lists of some users as of one moment.
struct Batch: Sendable {
  var lists: [MadeList]
  /// The users as they were named.
  var users: [String]
  /// Users who are not there any more, or are suspended.
  var gone: [String]
  /// What was queued of them at that moment.
  var seen: [(urgency: Int, id: Int64)]
  /// Of whom something is queued that takes people out of lists, as `users` has their ids.
  var urgent: Set<ExactName>
  /// Those who follow somebody new.
  var following: [String]
  /// The digests of the lists that there were.
  var known: [ExactName: Int64]
  /// Why sources have failed, by their names.
  var sourceFailures: [String: String]

  /// How many rows of the queue are taken of each user; of who has more, the rest waits for the next run.
  private static let rowsOfUser = 200

  /// Reads a batch of users.
  static func read(
    _ users: [String], _ suggestions: Suggestions, popular: [String], _ run: JobRun
  ) async throws -> Batch {
    let statements = try [
      "set local jit = off", "set local work_mem = '32MB'",
      Statement(
        file: "seen.sql", PackageResources.seen_sql, binding: ["users": users, "rows": rowsOfUser * users.count]),
      suggestions.asked(users),
    ]
    let sources = suggestions.sources
    return try await run.snapshot { session in
      let answers = try session.pipeline(statements)
      var ids: [ExactName: String] = [:]
      for row in answers[3] { ids[ExactName(try row.value("asked"))] = try row.value("user_id", as: String.self) }
      let present = Set(ids.values.map(ExactName.init)).map(\.text)
      let sourced = try sources.read(present, session, limit: run.timeLeft)
      let rows = try session.pipeline([
        Suggestions.inOrder, suggestions.batch(present, popular: popular, sourced).limited(to: run.timeLeft),
      ])[1]
      var batch = Batch(
        lists: try MadeList.read(rows), users: users, gone: [], seen: [], urgent: [], following: [], known: [:],
        sourceFailures: sourced.failures)
      for row in answers[2] {
        let urgency: Int = try row.value("urgency")
        batch.seen.append((urgency, try row.value("id")))
        guard let user = ids[ExactName(try row.value("user_id"))] else { continue }
        if urgency == 0 { batch.urgent.insert(ExactName(user)) }
        if urgency == 1 { batch.following.append(user) }
      }
      let lists = try session.query(
        Statement(file: "lists.sql", PackageResources.lists_sql, binding: ["users": batch.lists.map(\.user)]))
      for row in lists { batch.known[ExactName(try row.value("user_id"))] = try row.value("digest", as: Int64.self) }
      batch.gone = users.filter { ids[ExactName($0)] == nil }
      return batch
    }
  }

  /// Notes what has become of it, in one transaction.
  func record(_ suggestions: Suggestions, _ run: JobRun) async throws {
    let record = try Statement(
      file: "record.sql", PackageResources.record_sql,
      binding: [
        "urgencies": seen.map(\.urgency), "ids": seen.map(\.id), "gone": gone, "users": lists.map(\.user),
        "digests": lists.map(\.digest), "members": lists.map(\.entries.count), "moment": run.startedAt,
      ])
    let done = Set((lists.map(\.user) + users).map(ExactName.init)).map(\.text)
    let following = Array(Set(following.map(ExactName.init))).map(\.text)
    let spread = following.isEmpty ? nil : try suggestions.spread(of: following)
    try await run.transaction { tx in
      try tx.execute(record)
      if let spread { try tx.pipeline([Suggestions.inOrder, spread]) }
      try tx.resolve(done)
    }
  }
}
