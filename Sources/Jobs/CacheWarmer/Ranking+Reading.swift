import JobRuntime
import Postgres

extension Ranking {
  /// Ranks for users as of the transaction's moment.
  ///
  /// A batch that fails affects no other.
  ///
  /// - Parameters:
  ///   - users: each an id by its form.
  ///   - batch: how many of them a statement ranks for.
  ///   - limit: how long a statement may take.
  func ranked(
    for users: [String], batch: Int, limit: Duration, _ session: borrowing Session
  ) throws -> Ranked {
    var ranked = Ranked()
    let living = Set(try ids(of: users, session).map(ExactName.init))
    let known = users.filter { living.contains(ExactName($0)) }
    ranked.unknown = users.count - known.count
    guard !known.isEmpty else { return ranked }
    if isBuiltIn {
      try session.pipeline(preparation(for: known).map { $0.limited(to: limit) })
    } else {
      try session.query("set transaction read only")
      try checkFile(session)
    }
    for first in stride(from: 0, to: known.count, by: batch) {
      try Task.checkCancellation()
      let users = Array(known[first..<min(first + batch, known.count)])
      do {
        let rows = try session.attempt(file, binding: values(for: users), limit: limit, leavesTraces: false)
        let feeds = try feeds(rows, for: users)
        ranked.feeds += feeds.filter { !$0.posts.isEmpty }
        ranked.empty += feeds.filter(\.posts.isEmpty).map(\.user)
      } catch let failure as SQLFile.Failure {
        ranked.failures.append(.init(users: users, message: failure.description))
      }
    }
    return ranked
  }

  /// The ids of those who are users.
  ///
  /// What the server takes for no id of theirs is found by halves: a text that it has no
  /// characters for, in a database that is not UTF-8, or one that is outside of the type's range.
  private func ids(of users: [String], _ session: borrowing Session) throws -> [String] {
    do {
      let answers = try session.pipeline([
        "savepoint living", try living(users), "release savepoint living",
      ])
      return try answers[1].map { try $0.value("id") }
    } catch PostgresError.server(let error) where error.state.mayBeOfOneRow {
      try session.pipeline(["rollback to savepoint living", "release savepoint living"])
      guard users.count > 1 else { return [] }
      return try ids(of: Array(users[..<(users.count / 2)]), session)
        + ids(of: Array(users[(users.count / 2)...]), session)
    }
  }

  /// Has the server parse the user's file by itself, and where it is carried out.
  ///
  /// - Throws: `JobFailure` of kind `misconfigured` for a file that cannot work for anybody.
  func checkFile(_ session: borrowing Session) throws {
    guard let own = ownFile else { return }
    let values = values(for: [])
    do {
      try session.parse(own, binding: values)
      _ = try session.describe(file, binding: values)
    } catch let failure as SQLFile.Failure {
      throw JobFailure(
        .misconfigured, "WARM_RANKING: \(failure)",
        hint: "It yields the columns user_id, post_id and score, a number, for the ids in :users.")
    }
  }

  /// - Throws: `SQLFile.Failure` for what cannot be published.
  private func feeds(_ rows: Rows, for users: [String]) throws -> [Feed] {
    var feeds = users.map { Feed(user: $0) }
    let places = Dictionary(uniqueKeysWithValues: users.enumerated().map { (ExactName($1), $0) })
    for row in rows {
      let user: String? = try row.optional("user_id")
      if let problem: String = try row.optional("problem") {
        throw SQLFile.Failure("\(file.place): \(problem)\(user.map { ", of the user «\($0.prefix(100))»" } ?? "")")
      }
      guard let user, let place = places[ExactName(user)] else {
        throw SQLFile.Failure(
          "\(file.place): it yields the user «\((user ?? "null").prefix(100))», who was not requested")
      }
      feeds[place].posts.append(Feed.Post(id: try row.value("post_id"), score: try row.value("score")))
    }
    return feeds
  }
}
