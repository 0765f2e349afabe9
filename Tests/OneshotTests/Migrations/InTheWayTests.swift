import Migrations
import Postgres
import TestSupport
import Testing

/// What already has the name of something that a migration makes is found before the first step.
@Suite(.timeLimit(.minutes(10))) struct InTheWayTests {
  private let oneshot = Binary("oneshot")

  private func refusal(of place: Place) async throws -> String {
    let run = try await oneshot.run(["migrate"], place.environment)
    #expect(run.exitCode == 78 && run.errors.contains("Nothing was changed."), "\(run.errors)")
    #expect(try await place.value("to_regnamespace('oneshot') is null") == "true")
    return run.errors
  }

  @Test func `a table of another shape is named with what differs and what to do`() async throws {
    let place = try await Place(migrated: false)
    try await place.execute(
      "create table merchant_usage (merchant_id text, usage_date date, value integer, colour text); insert into merchant_usage default values"
    )
    let errors = try await refusal(of: place)
    #expect(
      errors.contains(
        """
        the table public.merchant_usage is there already, and of another shape: colour is unexpected, \
        first_seen_at is missing, metric_type is missing, updated_at is missing, value is integer, not bigint
        """), "\(errors)")
    #expect(errors.contains("Rename what is in the way"))
    try await place.execute("alter table merchant_usage rename to their_usage")
    #expect(try await oneshot.run(["migrate"], place.environment).exitCode == 0)
    #expect(try await place.value("select count(*) from their_usage") == "1")
  }

  @Test func `whatever has a name of ours is found, all at once`() async throws {
    let place = try await Place(migrated: false)
    try await place.execute(
      """
      create table search_words (language text, word text);
      create view metric_rollups as select 1 as one;
      create table other (at date); create index top_stats_history_by_time on other (at)
      """)
    let errors = try await refusal(of: place)
    for part in [
      "the table public.search_words is there already with the same columns, but no migration made it",
      "the view public.metric_rollups is there already", "the index public.top_stats_history_by_time is there already",
    ] { #expect(errors.contains(part), "\(part): \(errors)") }
  }

  @Test func `metric_events of another shape is found before the first step, too`() async throws {
    let place = try await Place(migrated: false)
    try await place.execute("create table metric_events (metric integer, value text, occurred_at timestamptz)")
    let errors = try await refusal(of: place)
    #expect(
      errors.contains(
        "public.metric_events is of another shape: entity_id is missing, entity_type is missing, metric is integer, value is text"
      ), "\(errors)")
  }

  @Test(arguments: [
    ("create view metric_events as select * from other", "a view"),
    ("create materialized view metric_events as select * from other", "a materialized view"),
    (
      """
      create foreign data wrapper nowhere; create server nowhere foreign data wrapper nowhere;
      create foreign table metric_events (
        metric text, entity_type text, entity_id text, value float8, occurred_at timestamptz) server nowhere
      """, "a foreign table"
    ),
  ])
  func `metric_events that is no table is found before the first step`(made: String, kind: String) async throws {
    let place = try await Place(migrated: false)
    try await place.execute(
      """
      create table other (metric text, entity_type text, entity_id text, value float8, occurred_at timestamptz);
      \(made)
      """)
    let errors = try await refusal(of: place)
    #expect(errors.contains("public.metric_events is \(kind), not a table"), "\(errors)")
  }

  @Test(arguments: [
    (
      "create table other (at date); create index metric_events_by_time on other (at)",
      "ON public.other USING btree (at)"
    ),
    (
      """
      create table metric_events (metric text, entity_type text, entity_id text, value float8, occurred_at timestamptz);
      create index metric_events_by_time on metric_events (metric)
      """, "ON public.metric_events USING btree (metric)"
    ),
    ("create sequence metric_events_by_time", "by no index"),
  ])
  func `a name of an index that something else has is found before the first step`(
    made: String, shown: String
  ) async throws {
    let place = try await Place(migrated: false)
    try await place.execute(made)
    let errors = try await refusal(of: place)
    #expect(errors.contains("the name public.metric_events_by_time is taken: ") && errors.contains(shown), "\(errors)")
  }

  @Test func `in a schema of its own nothing is in the way`() async throws {
    let place = try await Place(migrated: false)
    try await place.execute(
      "create table merchant_usage (x text); create function search(text) returns text language sql as 'select $1'; create schema app"
    )
    let settings = ["DATABASE_URL": place.databaseURL + "&options=-csearch_path%3Dapp"]
    let run = try await oneshot.run(["migrate"], settings)
    #expect(run.exitCode == 0 && run.output.contains("app.search() is a synonym of it"), "\(run.errors)")
    #expect(try await place.value("to_regclass('app.merchant_usage') is not null") == "true")
    #expect(try await place.value("select count(*) from app.search('x')") == "0")
  }

  @Test func `a search() of the application stays, and ours has no short name`() async throws {
    let place = try await Place(migrated: false)
    try await place.execute("create function search(term text) returns text language sql as 'select upper(term)'")
    let run = try await oneshot.run(["migrate"], place.environment)
    #expect(run.exitCode == 0, "\(run.errors)")
    #expect(
      run.output.contains("search() is oneshot.search(), without a synonym: search(text) is another function"),
      "\(run.output)")
    #expect(try await place.value("search('x')") == "X")
    #expect(try await place.value("select count(*) from oneshot.search('x')") == "0")
  }

  @Test func `the synonym asks for no right to the schema oneshot`() async throws {
    let place = try await Place()
    let role = place.own("searches")
    try await place.execute(
      """
      create role \(role); grant select on search_documents, search_languages, search_words to \(role);
      insert into search_languages values ('english');
      insert into search_documents (entity, entity_id, document, source_hash, language)
      values ('asset', '7', to_tsvector('english', 'elephants'), 1, 'english')
      """)
    let found = try await place.database.transaction { session in
      try session.query("set local role \(identifier: role)")
      return try session.query("select entity_id from search('elephant')").only().value("entity_id", as: String.self)
    }
    #expect(found == "7")
  }

  @Test func `a search_path that leads nowhere is 78`() async throws {
    let place = try await Place(migrated: false)
    let run = try await oneshot.run(["migrate"], ["DATABASE_URL": place.databaseURL + "&options=-csearch_path%3Dgone"])
    #expect(run.exitCode == 78 && run.errors.contains("search_path (gone) names no schema"), "\(run.errors)")
    let core = ["migrate", "--only", "core"]
    #expect(
      try await oneshot.run(core, ["DATABASE_URL": place.databaseURL + "&options=-csearch_path%3Dgone"]).exitCode == 0)
  }
}
