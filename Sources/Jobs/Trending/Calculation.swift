import Feeds
import JobRuntime
import Postgres

/// The outcome of one window: its list, or why there is none to publish.
struct WindowResult: Sendable {
  var window: TrendingWindow
  var list: [Candidate] = []
  /// The sources that could not be read, with the reason.
  ///
  /// With one of them there is no list: the missing events would look like a trend.
  var failures: [SourceFailure] = []
  /// Posts whose score is too large.
  var tooLarge: [String] = []
}

/// Why a source yields nothing.
struct SourceFailure: Error, Sendable {
  var source: String
  var message: String
}

/// What was read for all windows together.
struct Reading: Sendable {
  var events = 0
  var anonymous = 0
  var capped = 0
  var rounds = 0
}

/// Calculates the lists in one snapshot.
struct Calculation: Sendable {
  var sources: [Source]
  var settings: Trending.Settings
  /// The widest first.
  var windows: [TrendingWindow]
  var moment: Timestamp
  var timeLeft: Duration

  func carryOut(_ session: borrowing Session) throws -> (results: [WindowResult], reading: Reading) {
    let types = try setUp(session)
    var reading = Reading()
    let results = try results(for: windows, types, &reading, session)
    return (results, reading)
  }

  /// The lists of windows together; where a source fails, each by itself: what fails for a week may do for an hour.
  private func results(
    for windows: [TrendingWindow], _ types: IDTypes, _ reading: inout Reading, _ session: borrowing Session
  ) throws -> [WindowResult] {
    guard let widest = windows.first else { return [] }
    var pass = Pass(
      sources: sources, settings: settings, windows: windows, start: widest.start(before: moment), moment: moment,
      types: types, timeLeft: timeLeft)
    let failures = try pass.open(session)
    if failures.isEmpty {
      do {
        let results = try pass.results(session)
        reading.add(pass.reading)
        return results
      } catch let failure as SQLFile.Failure {
        return try split(windows, pass.failures(behind: failure, session), types, &reading, session)
      }
    }
    return try split(windows, failures, types, &reading, session)
  }

  private func split(
    _ windows: [TrendingWindow], _ failures: [SourceFailure], _ types: IDTypes, _ reading: inout Reading,
    _ session: borrowing Session
  ) throws -> [WindowResult] {
    guard windows.count > 1 else { return windows.map { WindowResult(window: $0, failures: failures) } }
    return try windows.flatMap { try results(for: [$0], types, &reading, session) }
  }

  // MARK: Steps

  /// The posts' ids in the application's own tables; what a user's own source yields only a run knows.
  private var comparedPosts: IDColumns {
    IDColumns(of: "posts", [("feeds", "id")] + sources.compactMap(\.table).map { ($0, "feed_id") })
  }

  /// The users' ids there.
  private var comparedUsers: IDColumns {
    IDColumns(
      of: "users", [("users", "id"), ("feeds", "user_id")] + sources.compactMap(\.table).map { ($0, "user_id") })
  }

  /// Makes what sources may read, and keeps everything after it from writing.
  func setUp(_ session: borrowing Session) throws -> IDTypes {
    try session.setUpRanking(workMemory: settings.workMemory, timeout: settings.sourceTimeout)
    do {
      for relation in LiveRelation.allCases { try session.attempt(relation.file, limit: timeLeft) }
    } catch let failure as SQLFile.Failure {
      throw JobFailure(
        .misconfigured, failure.description,
        hint: "Create a view of the shape that docs/jobs/trending.md names under \"Your tables\".")
    }
    if sources.contains(where: { !$0.file.isBuiltIn }) {
      for relation in LiveRelation.allCases { try session.makeAlias(of: relation) }
    }
    try session.query("set transaction read only")
    let collations = try session.query(
      SQLFragment(sql: "select {posts} as posts, {users} as users")
        .filling(["posts": comparedPosts.collations, "users": comparedUsers.collations]).statement()
    ).only()
    if let complaint = try comparedPosts.complaint(collations.optional("posts"))
      ?? comparedUsers.complaint(collations.optional("users"))
    {
      throw complaint
    }
    let columns = try session.describe("select id, user_id from oneshot_live_feeds")
    let names = try session.query(
      Statement(
        file: "types.sql", PackageResources.types_sql, binding: ["types": columns.map { Int($0.type) }]))
    let types = try names.map { SQLFragment(sql: try $0.value("name", as: String.self)) }
    return IDTypes(post: types[0], user: types[1])
  }
}

extension Reading {
  /// Windows that were read separately; the widest says how many events there are.
  mutating func add(_ other: Reading) {
    events = max(events, other.events)
    anonymous = max(anonymous, other.anonymous)
    capped += other.capped
    rounds += other.rounds
  }
}
