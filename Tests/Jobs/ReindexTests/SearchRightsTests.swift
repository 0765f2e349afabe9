import Postgres
import TestSupport
import Testing

/// What the migration's functions do as their owner cannot be turned to something else by who calls them.
@Suite(.timeLimit(.minutes(10))) struct SearchRightsTests {
  private let place: Place
  private let role: String

  init() async throws {
    place = try await Place()
    role = "mallory_\(try await place.databaseName())"
    try await place.execute(
      """
      create role \(role); grant usage on schema oneshot to \(role);
      create table secrets (id integer);
      """)
  }

  /// Runs a script as the role; what is made to happen as the owner gives everybody a right to `secrets`.
  private func attack(_ script: String) async throws {
    do {
      try await place.execute("set role \(role); \(script)")
    } catch {
      try await place.execute("reset role")
      throw error
    }
    try await place.execute("reset role")
  }

  private func expectHarmless() async throws {
    #expect(try await place.value("select has_table_privilege('\(role)', 'secrets', 'select')") == "false")
  }

  private static let evil =
    "language plpgsql as $$ begin execute 'grant select on public.secrets to public'; return 'public'; end $$"

  private static let cast = """
    create type pg_temp.t as (x integer);
    create function pg_temp.evil(pg_temp.t) returns text \(evil);
    create cast (pg_temp.t as text) with function pg_temp.evil(pg_temp.t) as implicit;
    create temp table bait (id pg_temp.t);
    create trigger bait after insert on bait referencing new table as new_rows
      for each statement execute function oneshot.search_enqueue('bait', 'id');
    insert into bait values (row (7));
    """

  @Test func `a cast of somebody's own does not run in the trigger that queues, which is not for everybody`()
    async throws
  {
    await #expect(throws: PostgresError.self) { try await attack(Self.cast) }
    try await expectHarmless()
  }

  @Test func `nor where its owner may make such triggers`() async throws {
    try await place.execute("grant execute on function oneshot.search_enqueue() to \(role)")
    try await attack(Self.cast)
    try await expectHarmless()
    #expect(try await place.rows("select entity_id as a from search_pending") == [["(7)"]])
  }

  @Test func `who may execute both functions tracks a table that is his, and sees neither queue nor list`() async throws
  {
    try await place.execute(
      """
      create table mine (id integer primary key); alter table mine owner to \(role); grant create on schema public to \(role);
      grant execute on function oneshot.search_enqueue(), oneshot.search_list(regclass, text, text) to \(role);
      """)
    try await attack("select oneshot.search_track('mine', 'mine'); insert into mine values (7)")
    #expect(try await place.rows("select entity as a, entity_id as b from search_pending") == [["mine", "7"]])
    for table in ["search_pending", "oneshot.search_tracked", "oneshot.search_unknown"] {
      await #expect(throws: PostgresError.self) { try await attack("select from \(table)") }
    }
    try await attack("select oneshot.search_untrack('mine', 'mine'); insert into mine values (8)")
    #expect(try await place.value("select count(*) from search_pending") == "1")
    #expect(try await place.value("select count(*) from oneshot.search_tracked") == "0")
  }

  @Test func `the trigger that notes changed events is not for everybody either`() async throws {
    await #expect(throws: PostgresError.self) {
      try await attack(
        """
        create type pg_temp.t as (x integer);
        create function pg_temp.evil(pg_temp.t) returns boolean language plpgsql as
          $$ begin execute 'grant select on public.secrets to public'; return true; end $$;
        create cast (pg_temp.t as timestamptz) with inout as implicit;
        create temp table bait (occurred_at pg_temp.t);
        create trigger bait after delete on bait referencing old table as old_rows
          for each statement execute function oneshot.note_changed_events();
        """)
    }
    try await expectHarmless()
  }

  @Test func `a function of the same name that fits better is not called in a rebuild`() async throws {
    try await place.execute(
      """
      grant create on schema public to \(role); grant select on search_documents to \(role);
      comment on table search_documents is 'x';
      """)
    try await attack(
      """
      create function public.quote_ident(name) returns text \(Self.evil);
      create function public.format(text, name, name) returns text \(Self.evil);
      create function public.regexp_replace(name, text, text) returns text \(Self.evil);
      """)
    try await place.execute(
      """
      set search_path = public, pg_catalog;
      select oneshot.search_rebuild_start(); select oneshot.search_rebuild_index(true);
      select oneshot.search_rebuild_index(false); select oneshot.search_rebuild_ready();
      select oneshot.search_rebuild_swap(); select oneshot.search_likeness();
      reset search_path;
      """)
    try await expectHarmless()
  }

  @Test func `only what a rebuild has made takes the place of the index`() async throws {
    try await place.execute(
      """
      insert into search_documents values ('asset', '1', 'true', 1, 'english');
      grant create on schema public to \(role); grant select on search_documents to \(role);
      grant execute on function oneshot.search_rebuild_index(boolean), oneshot.search_rebuild_ready(), oneshot.search_rebuild_swap() to \(role);
      """)
    for schema in ["pg_temp", "public"] {
      try await attack("create table \(schema).search_documents_new as select * from public.search_documents limit 0")
      await #expect(throws: PostgresError.self) { try await attack("select oneshot.search_rebuild_swap()") }
      #expect(try await place.value("select count(*) from public.search_documents") == "1")
      try await place.execute("drop table \(schema).search_documents_new")
    }
  }
}
