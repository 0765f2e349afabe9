import Migrations
import Operations
import Postgres
import TestSupport
import Testing

/// Each job of the package in a database that has exactly the migrations that the job names.
@Suite(.timeLimit(.minutes(10))) struct NeededMigrationsTests {
  /// What a job needs besides to do its work once; a job that needs nothing is not named.
  static let settings: [String: [[String: String]]] = [
    "outbox-delivery": [["DELIVERY_CHANNELS": "webhook"]],
    "reindex": [[:], ["REINDEX_MODE": "rebuild"], ["REINDEX_MODE": "pending"]],
    "stage-table": [["STAGE_TABLE": "post_tallies", "STAGE_COMMAND": #"["echo", "1\tlike\t2025-11-07\t3"]"#]],
    "top-stats": [["TOP_STATS_HISTORY": "true"]],
    "usage-aggregation": [[:], ["USAGE_MODE": "status"]],
  ]

  /// Where jobs that work with files find and leave them.
  static func folders(_ folder: String) -> [String: String] {
    ["REPORT_FILE": "\(folder)/page.html", "PREVIEWS_SOURCE_DIR": folder, "PREVIEWS_TARGET_DIR": folder]
  }

  /// Tables of an application that jobs read, each with a row or two.
  ///
  /// A job's own may stand on its page instead, behind `<!-- application -->`.
  static let application = """
    create table users (id bigint primary key, username text, deleted_at timestamptz);
    create table feeds (
      id bigint primary key, user_id bigint not null, content text, created_at timestamptz not null, deleted_at timestamptz);
    create table feed_likes (
      id bigserial primary key, feed_id bigint not null, user_id bigint not null, created_at timestamptz not null);
    create table feed_comments (
      id bigserial primary key, feed_id bigint not null, user_id bigint not null, created_at timestamptz not null);
    create table feed_views (feed_id bigint not null, viewed_at timestamptz not null);
    create table follows (follower_id bigint not null, followee_id bigint not null, created_at timestamptz not null);
    create table assets (
      id bigint primary key, title text, description text, tags text[], deleted_at timestamptz, language text,
      updated_at timestamptz not null default now());
    create table creators (id uuid primary key default gen_random_uuid(), stage_name text, bio text, specialties text);
    create table projects (id integer primary key, title text, description text, deleted_at timestamptz);
    create table licenses (id text primary key, title text, description text);
    create table blog_posts (id bigint primary key, title text, excerpt text, content text, language text);
    insert into users values (1, 'ann');
    insert into feeds values (1, 1, 'text', '2025-11-01');
    insert into feed_likes (feed_id, user_id, created_at) values (1, 1, '2025-11-07');
    insert into assets values (1, 'an elephant', 'by the river');
    """

  /// - Returns: a place with the application's tables and these migrations.
  func place(with needs: [String: Int], for job: String? = nil) async throws -> Place {
    let place = try await Place(migrated: false)
    let migrations = Migration.all.filter { $0.number <= needs[$0.line, default: 0] }
    #expect(try await Migrator(place.database, migrations).migrate { _ in } == migrations.count)
    try await place.execute(Self.application)
    if let job { try await place.createTables(of: job) }
    if needs["rollups", default: 0] > 0 {
      try await place.execute(
        "insert into metric_events (metric, entity_type, entity_id, value, occurred_at) values ('m', 'e', 'i', 1, '2025-11-07')"
      )
    }
    try await place.redis("SET", "usage:merchant:2025-11-07:metric", "5")
    return place
  }

  /// - Returns: the binary that does the job's work; `nil` where it was not built.
  static func binary(_ job: String) -> Binary? {
    guard job == "outbox-delivery" else { return Binary(job) }
    return TraitBuild.isOutboxBuilt ? TraitBuild.outbox : nil
  }

  private func needs(of job: String) async throws -> [String: Int] {
    let described = try await Binary(job).run(["--describe"])
    let needed = described.result["needed_schema"]
    return Dictionary(uniqueKeysWithValues: Migration.lines.compactMap { line in needed[line].int.map { (line, $0) } })
  }

  @Test(arguments: JobNames.all)
  func `a job has all it needs with the migrations that it names, and no more`(job: String) async throws {
    let needs = try await needs(of: job)
    #expect(needs["core"] != nil)
    guard let binary = Self.binary(job) else { return }
    let folder = try TemporaryFolder()
    for own in Self.settings[job] ?? [[:]] {
      let place = try await place(with: needs, for: job)
      let settings = place.environment
        .merging(Self.folders(folder.path)) { $1 }.merging(own) { $1 }.merging([
          "JOB_SCHEDULED_AT": "2025-11-08T02:00:00Z"
        ]) { $1 }
      let check = try await binary.run(["--check"], settings)
      #expect(check.exitCode == 0, "\(own): \(check.output)")
      let run = try await binary.run([], settings)
      #expect(run.exitCode == 0, "\(own): \(run.output)")
    }
  }

  @Test(arguments: JobNames.all)
  func `a job without the last of them says which is missing`(job: String) async throws {
    let all = try await needs(of: job)
    for (line, number) in all where line != "core" {
      var fewer = all
      fewer[line] = number - 1
      let place = try await place(with: fewer)
      let settings = Self.folders("/tmp").merging(Self.settings[job]?.first ?? [:]) { $1 }
      let run = try await Binary(job).run([], place.environment.merging(settings) { $1 })
      let message = run.result["error", "message"].string ?? ""
      #expect(run.exitCode == 78 && message.hasPrefix("the line \(line) of this database is "), "\(run.output)")
      #expect(message.hasSuffix("; this binary needs \(number)"), "\(message)")
    }
  }

  @Test(arguments: [["runs"], ["run", "01a1ff42"], ["health"]])
  func `a command that reads more of the ledger than there is names what migrates it`(words: [String]) async throws {
    let place = try await place(with: ["core": 1])
    let here = try await Operator(at: place)
    // Somebody's run, so that there is a row to read.
    try await here.add(1)
    let outcome = try await Operator.oneshot.run(words, place.environment)
    #expect(outcome.exitCode == 78 && outcome.output == "")
    #expect(outcome.errors.contains("the line core of this database is at 1; this binary needs 8"))
    #expect(outcome.errors.contains("oneshot migrate --plan"))
  }
}
