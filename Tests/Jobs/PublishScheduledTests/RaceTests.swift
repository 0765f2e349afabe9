import Postgres
import Synchronization
import TestSupport
import Testing

/// An editor who changes a post while the job runs, at every step of it.
@Suite(.timeLimit(.minutes(30))) struct RaceTests {
  /// What an editor does to post 2, which is due at half past one: as applications do it, only while it is scheduled.
  enum Change: String, CaseIterable, Sendable {
    case earlier, later, unschedule, delete, publish

    private var change: String {
      let update = "update posts set"
      let condition = "where id = 2 and status = 'scheduled'"
      return switch self {
      case .earlier: "\(update) publish_at = '2025-11-08T01:00:00Z' \(condition)"
      case .later: "\(update) publish_at = '2025-11-08T03:00:00Z' \(condition)"
      case .unschedule: "\(update) status = 'draft' \(condition)"
      case .delete: "delete from posts \(condition)"
      case .publish: "\(update) status = 'published', published_at = '2025-11-08T01:45:00Z' \(condition)"
      }
    }

    /// Notes whether it has met the post as it wanted it, and writes an event where it has published it.
    var statement: String {
      """
      with changed as (\(change) returning id), noted as (insert into edits select from changed)
      insert into oneshot.events (dedup, event)
      select 'by hand', jsonb_build_object('type', 'post.published', 'data', jsonb_build_object(
        'id', id, 'scheduled_for', timestamptz '2025-11-08T01:30:00Z'))
      from changed where \(self == .publish)
      """
    }

    /// What has become of the post: its state, its events and for when they are.
    func model(hasChanged: Bool, runs: Int) -> [String] {
      guard hasChanged else { return ["published", "1", "01:30", "job"] }
      return switch self {
      case .earlier: ["published", "1", "01:00", "job"]
      case .later: runs == 1 ? ["scheduled", "0", "NULL", "NULL"] : ["published", "1", "03:00", "job"]
      case .unschedule: ["draft", "0", "NULL", "NULL"]
      case .delete: ["NULL", "0", "NULL", "NULL"]
      case .publish: ["published", "1", "01:30", "hand"]
      }
    }
  }

  private func editorial() async throws -> Editorial {
    let editorial = try await Editorial()
    try await editorial.add(1...4, every: "10 minutes", until: "2025-11-08T01:50:00Z")
    try await editorial.place.execute("create table edits ()")
    return editorial
  }

  private func expect(_ change: Change, in editorial: Editorial, hasChanged: Bool?, _ comment: String) async throws {
    let counted = try await editorial.place.value("select count(*) from edits") == "1"
    if let hasChanged { #expect(counted == hasChanged, "\(comment)") }
    for (runs, moment) in [(1, Editorial.now), (2, Editorial.now), (3, "2025-11-08T04:00:00Z")] {
      if runs > 1 {
        let next = try await editorial.run([], ["JOB_SCHEDULED_AT": moment])
        #expect(next.exitCode == 0, "\(comment): \(next.output)")
      }
      let found = try await editorial.place.rows(
        """
        select (select status from posts where id = 2) as a, count(*)::text as b,
          to_char(min((event -> 'data' ->> 'scheduled_for')::timestamptz), 'HH24:MI') as c,
          min(case when dedup = 'by hand' then 'hand' else 'job' end) as d
        from oneshot.events where event -> 'data' ->> 'id' = '2'
        """)[0]
      #expect(found == change.model(hasChanged: counted, runs: runs == 3 ? 2 : 1), "\(comment), \(runs)")
      // What the editor's own event stands between is the editor's affair.
      if change != .publish { #expect(try await editorial.mistakes() == [], "\(comment), \(runs)") }
    }
    #expect(
      try await editorial.place.value(
        "select count(*) || '/' || count(distinct event -> 'data' -> 'id') from oneshot.events where event -> 'data' ->> 'id' <> '2'"
      )
        == "3/3", "\(comment)")
  }

  /// The editor's statement comes while the run stands still after a line of its log; where the run holds the post's lock,
  /// it waits until that is committed.
  @Test(arguments: Change.allCases)
  func `an editor who comes after any step of a run finds the post as it was, or published`(change: Change) async throws
  {
    var (lines, found) = (0, Set<Bool>())
    while true {
      let editorial = try await editorial()
      let run = try await editorial.start(after: lines)
      let hasEnded = run.hasEnded
      let editor = try Editor(in: editorial.place, change.statement)
      try await editor.isDoneOrWaits()
      run.letGo()
      #expect(await run.process.outcome().exitCode == 0)
      try await editor.end()
      try await expect(change, in: editorial, hasChanged: nil, "\(change) after \(lines) lines")
      found.insert(try await editorial.place.value("select count(*) from edits") == "1")
      guard !hasEnded else { break }
      lines += 1
    }
    #expect(lines > 12 && found == [true, false], "the editor came before and after")
  }

  /// The editor was there first, and has not committed when the run comes to the post.
  @Test(arguments: Change.allCases, [true, false])
  func `a run that waits for an editor takes the post as the editor leaves it`(change: Change, commits: Bool)
    async throws
  {
    let editorial = try await editorial()
    let editor = try await OpenTransaction(in: editorial.place, change.statement)
    let run = try Editorial.binary.start([], editorial.environment())
    try await editorial.place.until(
      orEndOf: run,
      """
      select exists (
        select from pg_stat_activity
        where application_name = 'oneshot' and wait_event_type = 'Lock' and datname = current_database())
      """)
    if commits { try await editor.commit() } else { try await editor.rollBack() }
    let outcome = await run.outcome()
    #expect(outcome.exitCode == 0, "\(outcome.output)")
    try await expect(change, in: editorial, hasChanged: commits, "\(change), \(commits ? "committed" : "rolled back")")
  }
}

/// One statement on a connection of its own, which may have to wait for a lock.
private final class Editor: Sendable {
  private let place: Place
  private let isDone = Mutex(false)
  private let work: Mutex<Task<Void, any Error>?> = Mutex(nil)

  init(in place: Place, _ statement: String) throws {
    self.place = place
    let database = try Database(ConnectionOptions(url: place.databaseURL, applicationName: "editor"))
    let task = Task {
      defer { isDone.withLock { $0 = true } }
      try await database.withSession { session in _ = try session.query(Statement(sql: statement)) }
      await database.close()
    }
    work.withLock { $0 = task }
  }

  func isDoneOrWaits() async throws {
    try await eventually {
      if isDone.withLock(\.self) { return true }
      return try await place.value(
        """
        select exists (
          select from pg_stat_activity
          where application_name = 'editor' and wait_event_type = 'Lock' and datname = current_database())
        """) == "true"
    }
  }

  func end() async throws { try await work.withLock(\.self)?.value }
}
