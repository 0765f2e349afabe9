import Feeds
import JobRuntime
import Postgres

/// One reading of the sources, for one window or for several that are all within the first.
struct Pass: Sendable {
  var sources: [Source]
  let settings: Trending.Settings
  let windows: [TrendingWindow]
  /// Of the widest window.
  let start: Timestamp
  let moment: Timestamp
  let types: IDTypes
  let timeLeft: Duration
  private(set) var reading = Reading()
  /// The sources that supply users.
  private var withUsers: Set<String> = []

  init(
    sources: [Source], settings: Trending.Settings, windows: [TrendingWindow], start: Timestamp, moment: Timestamp,
    types: IDTypes, timeLeft: Duration
  ) {
    (self.sources, self.settings, self.windows) = (sources, settings, windows)
    (self.start, self.moment, self.types, self.timeLeft) = (start, moment, types, timeLeft)
  }

  /// Tries each source.
  ///
  /// - Returns: why some cannot be read.
  mutating func open(_ session: borrowing Session) throws -> [SourceFailure] {
    var (present, failures): ([Source], [SourceFailure]) = ([], [])
    for source in sources {
      do {
        try session.parse(source.file, binding: values(of: source))
        // The same stretch for all windows, so that a source counts alike in each.
        let wide = source.values(since: moment - WindowList.longest, until: moment)
        let hasUsers: Bool = try session.attempt(
          source.hasUsers, binding: wide, limit: timeLeft, leavesTraces: false
        ).only().value("has_users")
        if hasUsers { withUsers.insert(source.name) }
        present.append(source)
      } catch let failure as SQLFile.Failure {
        failures.append(SourceFailure(source: source.name, message: failure.description))
      }
    }
    sources = present
    return failures
  }

  /// The windows' lists.
  ///
  /// - Throws: `SQLFile.Failure` where a source fails, or has a kind that no weight is known for.
  mutating func results(_ session: borrowing Session) throws -> [WindowResult] {
    var results = windows.map { WindowResult(window: $0) }
    var searches = windows.map { _ in Search(limits: settings.limits) }
    var (lookedAt, reach): (Set<ExactName>, Int) = ([], Self.reach(settings.limits))
    try see(&searches, reach, session)
    while true {
      let open = searches.filter { $0.list(lookedAt: lookedAt) == nil }
      if open.isEmpty { break }
      let most = Self.first(settings.limits)
      let posts = Set(
        open.flatMap { search in
          search.next(lookedAt.isEmpty ? search.first(most) : max(most, lookedAt.count), lookedAt: lookedAt)
        }.map(ExactName.init))
      reading.rounds += 1
      guard !posts.isEmpty else {
        reach *= 8
        try see(&searches, reach, session)
        continue
      }
      lookedAt.formUnion(posts)
      for row in try session.attempt(scores(), binding: scoreValues(for: posts), limit: timeLeft, leavesTraces: false) {
        try add(row, to: &searches, &results)
      }
    }
    for index in results.indices { results[index].list = searches[index].list(lookedAt: lookedAt) ?? [] }
    return results
  }

  /// How many posts of a window are looked at first, at most.
  private static func first(_ limits: Limits) -> Int { max(1000, 20 * limits.members) }

  /// How many bounds are read at once: for some rounds.
  private static func reach(_ limits: Limits) -> Int { 8 * first(limits) }

  private mutating func see(_ searches: inout [Search], _ reach: Int, _ session: borrowing Session) throws {
    let rows = try session.attempt(
      bounds(), binding: boundValues(reach: reach), limit: timeLeft, leavesTraces: false)
    var bounds = windows.map { _ in [Search.Bound]() }
    for row in rows {
      let place: Int = try row.value("place")
      guard place == 0 else {
        bounds[place - 1].append(.init(post: try row.value("post"), bound: try row.value("bound")))
        continue
      }
      let unknown = try row.optional("unknown", as: Int64.self) ?? 0
      guard unknown == 0 else {
        throw SQLFile.Failure("\(unknown) events are of kinds that TRENDING_WEIGHTS does not name")
      }
      reading.events = try row.optional("events") ?? 0
      reading.anonymous = try row.optional("anonymous") ?? 0
    }
    for index in searches.indices { searches[index].see(bounds[index], hasMore: bounds[index].count == reach) }
  }

  /// The greatest score: a double still distinguishes the sixth decimal.
  private static let greatest: Int64 = 4_000_000_000 * Weights.unitsInPoint

  private mutating func add(_ row: Row, to searches: inout [Search], _ results: inout [WindowResult]) throws {
    let (post, author): (String, String?) = (try row.value("post"), try row.optional("author"))
    reading.capped += try row.value("capped", as: Int.self)
    for index in windows.indices {
      guard let text = try row.optional("score_\(index + 1)", as: String.self) else { continue }
      guard let units = Int64(text), units <= Self.greatest else {
        results[index].tooLarge.append(post)
        continue
      }
      searches[index].add(
        Candidate(
          post: post, author: author, score: (units + 500) / 1000, people: try row.value("people_\(index + 1)")))
    }
  }

  // MARK: Statements

  func isNamed(_ source: Source) -> Bool {
    settings.perUser > 0 && withUsers.contains(source.name)
  }

  private var decays: [Decay.Share] {
    windows.map(\.decay).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }

  private func units(of window: TrendingWindow) -> String { "units_\((decays.firstIndex(of: window.decay) ?? 0) + 1)" }

  /// For each decay what an event counts.
  private func unitColumns(_ type: String) -> SQLFragment {
    SQLFragment(
      sql: decays.indices.map {
        "(:units_of_\($0 + 1)::\(type)[])[kind][1 + floor(date_part('epoch', :window_end - at) / 60)::integer] as units_\($0 + 1)"
      }.joined(separator: ", "))
  }

  private func events(_ columns: SQLFragment?) -> SQLFragment {
    .joined(
      sources.map { source in
        let events = source.events(types, isNamed: isNamed(source)).fragment
        guard let columns else { return events }
        return SQLFragment(sql: "select post_id, at, kind, {columns} from ({events}) as event")
          .filling(["columns": columns, "events": events])
      }, by: "\nunion all\n")
  }

  /// All sources at once, by post.
  func bounds() -> SQLFile {
    let sums = windows.enumerated().map { index, window in
      let filter = index == 0 ? "" : " filter (where at >= :start_\(index + 1))"
      return "count(at)\(filter) as events_\(index + 1), sum(\(units(of: window)))\(filter) as bound_\(index + 1)"
    }
    let best = windows.indices.map { index in
      SQLFragment("best.sql", PackageResources.best_sql).filling([
        "place": SQLFragment(sql: "\(index + 1)"), "bound": SQLFragment(sql: "bound_\(index + 1)"),
        "events": SQLFragment(sql: "events_\(index + 1)"),
      ])
    }
    return SQLFile(
      builtIn: "bounds", PackageResources.bounds_sql,
      filling: [
        "events": events(unitColumns("integer")), "bounds": SQLFragment(sql: sums.joined(separator: ", ")),
        "best": .joined(best, by: ""),
      ]
    ).containing(sources.map(\.file))
  }

  /// The scores of the posts `:posts`, by post.
  func scores() -> SQLFile {
    let columns = windows.enumerated().map { index, window in
      let units = units(of: window)
      return """
        sum(\(units)) filter (where is_counted and at >= :start_\(index + 1))::text as score_\(index + 1),
          count(distinct user_id) filter (where \(units) > 0 and at >= :start_\(index + 1)) as people_\(index + 1)
        """
    }
    return SQLFile(
      builtIn: "scores", PackageResources.scores_sql,
      filling: [
        "events": events(nil), "points": unitColumns("bigint"),
        "scores": SQLFragment(sql: columns.joined(separator: ",\n  ")), "post": types.post, "is_person": person,
        "is_new": settings.postAge > .zero ? SQLFragment(sql: "and live.created_at >= :oldest_post") : .empty,
      ]
    ).containing(sources.map(\.file))
  }

  /// Whether the event is a live user's whose account is old enough, or nobody's.
  private var person: SQLFragment {
    let account =
      settings.accountAge > .zero
      ? " join users as account on account.id = person.id and account.created_at <= :youngest_account" : ""
    let isLive = "exists (select from oneshot_live_users as person\(account) where person.id = event.user_id)"
    return SQLFragment(sql: sources.allSatisfy(isNamed) ? isLive : "(event.user_id is null or \(isLive))")
  }

  // MARK: Values

  private func values(of source: Source) -> [String: any PostgresEncodable] {
    source.values(since: start, until: moment)
  }

  func valuesAndKinds(of source: Source) -> [String: any PostgresEncodable] {
    values(of: source).merging(kinds) { $1 }
  }

  private var kinds: [String: any PostgresEncodable] { ["kinds": settings.weights.names] }

  /// - Parameter reach: how many posts of each window.
  func boundValues(reach: Int) -> [String: any PostgresEncodable] {
    values(["reach": reach, "people": settings.limits.people], table: settings.weights.bounds)
  }

  func scoreValues(for posts: Set<ExactName>) -> [String: any PostgresEncodable] {
    var values: [String: any PostgresEncodable] = [
      "posts": posts.map(\.text), "per_user": settings.perUser == 0 ? Int.max : settings.perUser,
    ]
    if settings.postAge > .zero { values["oldest_post"] = (moment - settings.postAge).rfc3339 }
    if settings.accountAge > .zero { values["youngest_account"] = (moment - settings.accountAge).rfc3339 }
    return self.values(values, table: settings.weights.units)
  }

  /// - Parameter table: what events count, by decay and greatest age.
  private func values(
    _ more: [String: any PostgresEncodable], table: (Double, Duration) -> String
  ) -> [String: any PostgresEncodable] {
    var values = sources.reduce(into: more.merging(kinds) { $1 }) { $0.merge(self.values(of: $1)) { $1 } }
    values["window_end"] = moment
    for (index, window) in windows.enumerated() { values["start_\(index + 1)"] = window.start(before: moment) }
    for (index, decay) in decays.enumerated() {
      let widest = windows.first { $0.decay == decay }?.window.length ?? .zero
      values["units_of_\(index + 1)"] = table(decay.value, widest)
    }
    return values
  }
}
