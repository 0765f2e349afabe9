import TestSupport
import Testing

@testable import Migrations

/// What the plan says of a step's SQL, beside what Postgres then has.
@Suite struct MadeObjectsTests {
  @Test func `a file's statements are read as what they make`() {
    let step = Migration(
      line: "x", number: 1, name: "y",
      sql: """
        -- plan: something else
        create table if not exists a (
          id bigint generated always as identity,  -- a comment
          name text collate "C" not null,
          -- create table c (
          value double precision not null check (value > 0),
          primary key (id)
        );
        create unique index concurrently if not exists a_by_name
          on a (name);
        create table oneshot.b (
          a_id bigint not null references oneshot.c on delete cascade
        );
        create function oneshot.f(x text) returns text language plpgsql as $$
        begin
          create table hidden (x text);
        end $$;
        alter table oneshot.d
          add column value double precision not null default 0,
          add column name text;
        create trigger t after delete on a for each statement execute function oneshot.f();
        """)
    #expect(
      step.made == [
        MadeObject(
          kind: .table, name: "a", isOnlyIfMissing: true,
          columns: [("id", "bigint"), ("name", "text"), ("value", "double precision")]),
        MadeObject(kind: .index, name: "a_by_name", table: "a", isOnlyIfMissing: true),
        MadeObject(kind: .table, name: "oneshot.b", columns: [("a_id", "bigint")]),
        MadeObject(kind: .function, name: "oneshot.f"), MadeObject(kind: .trigger, name: "t", table: "a"),
      ])
    #expect(step.added.map(\.table) == ["oneshot.d"])
    #expect(
      step.added.first?.columns.elementsEqual([("value", "double precision"), ("name", "text")], by: ==) == true)
    #expect(step.references == ["oneshot.c"] && step.remarks == ["something else"])
  }

  @Test func `all tables of all lines are read with the columns that Postgres has`() async throws {
    let place = try await Place()
    let added = Migration.all.flatMap(\.added)
    let made = Migration.all.flatMap(\.made).filter { $0.kind == .table }.map { table in
      var table = table
      if !table.columns.isEmpty { table.columns += added.filter { $0.table == table.name }.flatMap(\.columns) }
      return table
    }
    let tables = try await place.rows(
      """
      select case when nspname = 'oneshot' then 'oneshot.' else '' end || relname as a
      from pg_class c join pg_namespace n on n.oid = relnamespace
      where nspname in ('oneshot', 'public') and relkind in ('r', 'p') and relname <> 'migrations'
      """
    ).map { $0[0] }
    #expect(made.map(\.name).sorted() == tables.sorted())
    for table in made where !table.columns.isEmpty {
      let read = table.columns.map { "('\($0.name)', format_type(to_regtype('\($0.type)'), null))" }
      let differences = try await place.rows(
        """
        select attname as a, format_type(atttypid, null) as b from pg_attribute
        where attrelid = '\(table.name)'::regclass and attnum > 0
        except select * from (values \(read.joined(separator: ", "))) as v
        union all
        (select * from (values \(read.joined(separator: ", "))) as v except
        select attname, format_type(atttypid, null) from pg_attribute where attrelid = '\(table.name)'::regclass)
        """)
      #expect(differences == [], "\(table.name)")
    }
  }

  @Test func `everything else that is made is in the plan, too`() async throws {
    let place = try await Place()
    let made = Set(Migration.all.flatMap(\.made).map(\.plainName))
    let there = try await place.rows(
      """
      select relname as a from pg_class c join pg_namespace n on n.oid = relnamespace
      where nspname in ('oneshot', 'public') and relkind in ('i', 'v') and not relispartition
        and not exists (select from pg_constraint where conindid = c.oid)
        and not exists (select from pg_depend where objid = c.oid and deptype = 'e')
      union select proname from pg_proc p join pg_namespace n on n.oid = pronamespace
      where nspname in ('oneshot', 'public') and not exists (select from pg_depend where objid = p.oid and deptype = 'e')
      union select tgname from pg_trigger where not tgisinternal
      """
    ).map { $0[0] }
    // Made by functions: the one where a name is free, the other where an extension is there.
    #expect(Set(there).subtracting(made) == ["search_words_likeness"] && made.contains("search"))
  }

  @Test func `each statement outside of a transaction is an index that can be made again`() {
    for step in Migration.all where step.isConcurrent {
      let indexes = ConcurrentIndex.all(in: step.sql)
      #expect(!indexes.isEmpty && indexes.allSatisfy { $0 != nil }, "\(step)")
    }
    #expect(
      ConcurrentIndex("create index concurrently if not exists i on t using btree (a, b)")
        == ConcurrentIndex(name: "i", table: "t", definition: "using btree (a, b)"))
    #expect(ConcurrentIndex("create index i on t (a)") == nil)
  }

  @Test func `the lines are counted by themselves, core first`() {
    #expect(
      Migration.lines == [
        "core", "boards", "delivery", "events", "fraud", "notifications", "previews", "rewards", "rollups", "search",
        "suggestions", "usage", "waitlist",
      ])
    for line in Migration.lines {
      #expect(
        Migration.all.filter { $0.line == line }.map(\.number) == Array(1...Migration.all.count { $0.line == line }))
    }
  }

  @Test func `a migration is plain ASCII, which the encoding of every database has`() {
    for step in Migration.all {
      #expect(step.sql.utf8.allSatisfy { $0 < 0x80 }, "\(step.line) \(step.number)")
    }
  }
}
