-- suggested-users: whose lists are to be made again, which lists there are, and who is followed by many.

-- Rows are only added and deleted, never changed: who queues waits for nobody.
create table oneshot.suggestion_pending (
  id bigint generated always as identity,
  user_id text collate "C" not null,
  urgency smallint not null,
  queued_at timestamptz not null default clock_timestamp(),
  primary key (urgency, id)
);
create index suggestion_pending_users on oneshot.suggestion_pending (user_id);
comment on table oneshot.suggestion_pending is
  'Users whose suggestions may have changed: written by triggers (oneshot.suggest_track) or by the application, taken by suggested-users. urgency: 0 a block, mute, dismissal or unfollow; 1 a follow of their own, or a new user; 2 a follow of somebody they follow.';

create table oneshot.suggestion_lists (
  user_id text collate "C" primary key,
  digest bigint not null,
  computed_at timestamptz not null,
  members smallint not null
);
create index suggestion_lists_computed on oneshot.suggestion_lists (computed_at);
comment on table oneshot.suggestion_lists is
  'Which users have a list of suggestions in Redis, since when, and how many people are in it. computed_at is the time the run was for.';

-- To count the followers of somebody who has a million takes long, and everybody's suggestions name the same few.
create table oneshot.suggestion_hubs (
  user_id text collate "C" primary key,
  followers bigint not null,
  following bigint not null,
  gained bigint not null
);
comment on table oneshot.suggestion_hubs is
  'Users who are followed by many or follow many, and those who have gained most followers in 30 days, as of suggestion_state.counted_at.';

create table oneshot.suggestion_state (
  only_row boolean primary key default true check (only_row),
  shard_count integer not null default 1,
  counted_at timestamptz,
  due_before timestamptz not null default '-infinity'
);
insert into oneshot.suggestion_state default values;
comment on table oneshot.suggestion_state is
  'The number of shards of the newest run of suggested-users; each transaction makes sure that it is its own. Lists that were computed before due_before are due, whatever their age: Redis has lost them, or something unknown has changed.';

create table oneshot.suggestion_cursors (
  shard integer primary key,
  shard_count integer not null,
  after_id text not null
);
comment on table oneshot.suggestion_cursors is
  'How far a rebuild has got, one row for each shard. No row: none is open.';

create table oneshot.suggestion_unknown (
  id bigint generated always as identity primary key,
  reason text not null,
  noted_at timestamptz not null default clock_timestamp()
);
comment on table oneshot.suggestion_unknown is
  'Changes that a trigger could not queue: all lists are due then, and suggested-users removes the row.';

-- Triggers that queue users. Who changes a table need not know of the queue, nor have a right to it; and whatever fails
-- here fails no write of the application's: then it is noted that something unknown has changed.
--
-- It runs as its owner, on rows of whoever makes such a trigger. So no code of theirs may run in it: the rows are those
-- of the trigger's own tables; a cast to text may be anybody's, but for the types of pg_catalog; what format() calls,
-- only a superuser can have made.
--
-- Its arguments: how urgent an insertion is, how urgent a deletion is, and the columns with the users.
create function oneshot.suggest_enqueue() returns trigger language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  urgency constant smallint := case tg_op when 'INSERT' then tg_argv[0] else tg_argv[1] end;
  number integer;
  rows text;
  ids text[] := '{}';
  problem text;
begin
  -- Nothing is written in here, so that it takes no number of a transaction.
  begin
    if tg_op = 'TRUNCATE' then
      rows := 'select user_id from oneshot.suggestion_lists';
    else
      if tg_level = 'STATEMENT' then
        select concat_ws(' union all ', 'select * from ' || new_rows, 'select * from ' || old_rows) into rows
        from oneshot.changed_rows(tg_relid, tg_name, tg_op);
      else
        rows := concat_ws(' union all ',
          case when tg_op <> 'DELETE' then 'select ($2).*' end, case when tg_op <> 'INSERT' then 'select ($3).*' end);
      end if;
      for number in 2..tg_nargs - 1 loop
        if not exists (
          select from pg_attribute where attrelid = tg_relid and attname = tg_argv[number] and attnum > 0 and not attisdropped)
        then
          raise exception 'it has no column %', quote_ident(tg_argv[number]);
        end if;
        ids := ids || format('select format(''%%s'', %I) as user_id from changed where num_nulls(%1$I) = 0', tg_argv[number]);
      end loop;
      rows := format('with changed as (%s) %s', rows, array_to_string(ids, ' union '));
    end if;
    rows := 'insert into oneshot.suggestion_pending (user_id, urgency) select user_id, $1 from (' || rows || ') as queued';
  exception when others then
    problem := sqlerrm;
  end;
  if problem is null then
    begin
      execute rows using urgency, new, old;
      return null;
    exception when others then
      problem := sqlerrm;
    end;
  end if;
  begin
    insert into oneshot.suggestion_unknown (reason)
    values (left(format('of the table %s: %s', tg_relid::regclass, problem), 1000));
  exception when others then
    problem := concat_ws('; ', problem, sqlerrm);
  end;
  raise warning 'suggested-users does not see what is changed in %: %', tg_relid::regclass, problem
    using hint = 'Its next runs make all lists again; suggested-users --check says what is wrong.';
  return null;
end $$;
revoke all on function oneshot.suggest_enqueue() from public;

-- The tables that are tracked, as its caller finds them, with the arguments of their triggers.
create function oneshot.suggest_sources() returns table (source regclass, arguments text[], is_updated boolean)
language sql stable
as $$
  select pg_catalog.to_regclass(name), arguments, is_updated
  from (values
    ('follows', array['1', '0', 'follower_id'], true),
    ('follow_requests', array['1', '1', 'follower_id'], true),
    ('blocks', array['0', '0', 'user_id', 'target_id'], true),
    ('mutes', array['0', '0', 'user_id'], true),
    ('suggestion_dismissals', array['0', '0', 'user_id'], true),
    -- Who is new, or gone. What else is updated in it, their last visit for one, changes too often to be queued.
    ('users', array['1', '0', 'id'], false)) as tables (name, arguments, is_updated)
  where pg_catalog.to_regclass(name) is not null
$$;

-- Replaces triggers that are there, so that it is in nobody's way who reads the tables.
create function oneshot.suggest_track() returns setof regclass language plpgsql
as $$
declare
  tracked record;
  needed record;
begin
  for tracked in select * from oneshot.suggest_sources() loop
    for needed in
      select * from (values
        ('suggest_insert', true, '', 'after insert', 'referencing new table as oneshot_new_rows for each statement'),
        ('suggest_delete', true, '', 'after delete', 'referencing old table as oneshot_old_rows for each statement'),
        ('suggest_update', tracked.is_updated, '', 'after update',
          'referencing old table as oneshot_old_rows new table as oneshot_new_rows for each statement'),
        ('suggest_truncate', true, 'always', 'after truncate', 'for each statement'),
        ('suggest_applied', true, 'replica',
          case when tracked.is_updated then 'after insert or update or delete' else 'after insert or delete' end,
          'for each row')) as triggers (name, is_needed, fires, events, rows)
      where is_needed
    loop
      execute pg_catalog.format('create or replace trigger %I %s on %s %s execute function oneshot.suggest_enqueue(%s)',
        needed.name, needed.events, tracked.source, needed.rows,
        (select pg_catalog.string_agg(pg_catalog.quote_literal(argument), ', ' order by place)
          from pg_catalog.unnest(tracked.arguments) with ordinality as a (argument, place)));
      execute pg_catalog.format('alter table %s enable %s trigger %I', tracked.source, needed.fires, needed.name);
    end loop;
    return next tracked.source;
  end loop;
end $$;
comment on function oneshot.suggest_track is
  'Makes triggers on users, follows, blocks, mutes, suggestion_dismissals and follow_requests, where there are such tables, that queue whose suggestions may have changed. Its caller owns the tables, and may execute oneshot.suggest_enqueue().';
