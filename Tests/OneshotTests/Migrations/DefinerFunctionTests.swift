import TestSupport
import Testing

/// Functions that run as their owner: found in the catalog, so that the next one is tried, too.
@Suite(.timeLimit(.minutes(10))) struct DefinerFunctionTests {
  private let place: Place
  private let role: String

  init() async throws {
    place = try await Place()
    role = place.own("mallory")
    try await place.execute(
      """
      create role \(role);
      grant usage, create on schema public, oneshot to \(role);
      -- It counts what the owner ran, and goes on counting where a transaction is rolled back.
      create sequence caught;
      create schema kept; create table kept.definers as
      select p.oid, p.oid::regprocedure as signature, prorettype = 'trigger'::regtype as is_trigger, prosrc
      from pg_proc p join pg_namespace n on n.oid = pronamespace
      where prosecdef and nspname in ('public', 'oneshot');
      grant usage on schema kept to public; grant select on kept.definers to public;
      """)
  }

  @Test
  func
    `all of them find names in pg_catalog only, as search() does, and are not for everybody`() async throws
  {
    #expect(try await place.value("select count(*) > 8 from kept.definers") == "true")
    let path = "not coalesce(proconfig, '{}') @> array['search_path=pg_catalog, pg_temp']"
    let open = try await place.rows(
      """
      select signature::text as a from kept.definers join pg_proc using (oid)
      where \(path) or proacl is null or exists (select from aclexplode(proacl) where grantee = 0)
      union select oid::regprocedure::text from pg_proc
      where proname = 'search' and pronamespace = 'oneshot'::regnamespace and \(path)
      """)
    #expect(open == [])
  }

  @Test func `a role that may create objects everywhere, and call all of them, runs nothing as their owner`()
    async throws
  {
    try await grantAll()
    try await setTraps()
    try await attack()
    #expect(try await place.value("select is_called from caught") == "false")
  }

  /// Else the test before would prove nothing.
  @Test(arguments: [
    """
    create function oneshot.careless(text) returns text language plpgsql security definer
    set search_path = pg_catalog, public as $$ begin return format('%s', now()); end $$
    """,
    """
    create function oneshot.careless() returns trigger language plpgsql security definer
    set search_path = pg_catalog, pg_temp as $$ declare found text; begin
      select id into found from oneshot_new_rows; return null; end $$
    """,
    """
    create function oneshot.careless() returns trigger language plpgsql security definer
    set search_path = pg_catalog, pg_temp as $$ begin
      perform from oneshot_new_rows where isfinite(occurred_at); return null; end $$
    """,
  ])
  func `a careless function is caught`(function: String) async throws {
    try await place.execute(
      """
      \(function);
      insert into kept.definers
      select oid, oid::regprocedure, prorettype = 'trigger'::regtype, prosrc from pg_proc where proname = 'careless';
      """)
    try await grantAll()
    try await setTraps()
    try await attack()
    #expect(try await place.value("select is_called from caught") == "true")
  }

  private func grantAll() async throws {
    try await place.execute(
      """
      do $$ declare name text; begin
        for name in select signature from kept.definers loop
          execute format('grant execute on function %s to \(role)', name);
        end loop;
      end $$;
      """)
  }

  /// Whatever a function may take for what it means: functions that its source names, of the types that it may call them
  /// with; a type with casts; in pg_temp, views by the names of all relations.
  private func setTraps() async throws {
    try await asRole(
      """
      create function public.spring() returns boolean language plpgsql as $$
      begin
        perform nextval('public.caught');
        return true;
      exception when insufficient_privilege then
        return true;
      end $$;
      create type public.bait as (x integer);
      create function public.bait_text(public.bait) returns text language plpgsql as
        $$ begin perform public.spring(); return 'x'; end $$;
      create cast (public.bait as text) with function public.bait_text(public.bait) as implicit;
      create function public.bait_time(public.bait) returns timestamptz language plpgsql as
        $$ begin perform public.spring(); return now(); end $$;
      create cast (public.bait as timestamptz) with function public.bait_time(public.bait) as implicit;
      do $$
      declare
        name text;
      begin
        for name in
          select relname from pg_class
          where relnamespace in ('public'::regnamespace, 'oneshot'::regnamespace) and relkind in ('r', 'p')
          union select unnest(array['old_rows', 'new_rows', 'oneshot_old_rows', 'oneshot_new_rows', 'changed'])
        loop
          execute format(
            'create temp view %I as select case when public.spring() then ''x'' end as id, now() as occurred_at', name);
        end loop;
      end $$;
      -- Last, for this script would call them, too.
      do $$
      declare
        trap record;
      begin
        for trap in
          select distinct proname, types, format_type(prorettype, null) as result
          from pg_proc as p
          cross join lateral unnest(
            case when proargtypes[1] = '"any"'::regtype
            then array['text, timestamptz', 'text, text', 'text, oid', 'text, name', 'text, text, text']
            else array[oidvectortypes(proargtypes)] end) as types
          where pronamespace = 'pg_catalog'::regnamespace and prokind = 'f'
            and exists (
              select from pg_proc as ours
              where ours.pronamespace = 'oneshot'::regnamespace and ours.prosrc ~ ('\\m' || p.proname || '\\('))
        loop
          for number in 1 .. 2 loop
            begin
              execute pg_catalog.format(
                'create function %I.%I(%s) returns %s language plpgsql as
                 ''begin perform public.spring(); return null; end''',
                (array['public', 'oneshot'])[number], trap.proname, trap.types, trap.result);
            exception when others then null;  -- Of types that a function of plpgsql cannot have.
            end;
          end loop;
        end loop;
      end $$;
      """)
  }

  /// Calls each function, and makes triggers of it: on tables whose columns are of a plain type and of the bait, with
  /// tables of the changed rows and without.
  private func attack() async throws {
    try await asRole(
      """
      do $$
      declare
        call text;
      begin
        for call in
          select pg_catalog.format('select %s(%s)', oid::regproc, (
            select string_agg(case format_type(type, null)
              when 'boolean' then 'true' when 'text' then '''metric_events''' else 'now()' end, ', ')
            from unnest((select proargtypes from pg_proc where pg_proc.oid = definers.oid)::oid[]) as type))
          from kept.definers where not is_trigger
        loop
          begin execute call; exception when others then null; end;
        end loop;
      end $$;
      do $$
      declare
        attempt record;
        event text;
      begin
        for attempt in
          select oid::regproc as name, type, moment, named from kept.definers
          cross join (values ('text', 'timestamptz'), ('public.bait', 'public.bait')) as types (type, moment)
          cross join (values (true), (false)) as names (named)
          where is_trigger
        loop
          execute pg_catalog.format('create temp table victim (id %s, occurred_at %s)', attempt.type, attempt.moment);
          for event in values ('insert'), ('update'), ('delete'), ('truncate') loop
            execute pg_catalog.format(
              'create trigger %1$I after %1$s on victim %2$s for each statement execute function %3$s(''x'', ''id'')',
              event,
              case when attempt.named and event <> 'truncate' then pg_catalog.concat_ws(' ', 'referencing',
                case when event <> 'insert' then 'old table as oneshot_old_rows' end,
                case when event <> 'delete' then 'new table as oneshot_new_rows' end) end,
              attempt.name);
          end loop;
          begin insert into victim default values; exception when others then null; end;
          execute 'alter table victim disable trigger user; insert into victim values (null, null)';
          execute pg_catalog.format('insert into victim values (%s, %s)',
            case attempt.type when 'text' then '''x''' else 'row (7)' end,
            case attempt.type when 'text' then 'now()' else 'row (7)' end);
          execute 'alter table victim enable trigger user';
          begin update victim set id = id; exception when others then null; end;
          begin insert into victim select * from victim; exception when others then null; end;
          begin delete from victim; exception when others then null; end;
          begin truncate victim; exception when others then null; end;
          execute 'drop table victim';
        end loop;
      end $$;
      """)
  }

  private func asRole(_ script: String) async throws {
    try await place.execute("set role \(role); set search_path = pg_catalog, public, oneshot; \(script)")
    try await place.execute("reset role; reset search_path")
  }
}
