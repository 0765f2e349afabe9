-- metrics-rollups: what runs as its owner names each thing by its schema, and reads metric_events only as it was made.
--
-- oneshot_home stands for this schema until the end of the file.

-- Whoever owns metric_events: its rows are read without running code of its owner's. So it is no view, and what is read of
-- it has no types with casts of their own.
create function oneshot.check_metric_events() returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  if exists (
    select from pg_class where oid = 'oneshot_home.metric_events'::regclass and relkind in ('r', 'p'))
    and (
      select count(*) from pg_attribute
      where attrelid = 'oneshot_home.metric_events'::regclass
        and (attname, atttypid) in (('occurred_at', 'timestamptz'::regtype), ('written_by', 'xid8'::regtype))) = 2
  then
    return;
  end if;
  raise exception 'metric_events is of another shape than rollups_0001 has left it in'
    using errcode = 'object_not_in_prerequisite_state',
      hint = 'It has to be a table with occurred_at timestamptz and written_by xid8.';
end
$$;

create or replace function oneshot.note_changed_events() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  rows text;
begin
  if tg_relid <> 'oneshot_home.metric_events'::regclass then
    raise exception 'oneshot.note_changed_events() is for metric_events, not for %', tg_relid::regclass
      using errcode = 'object_not_in_prerequisite_state';
  end if;
  -- Retention removes raw events and keeps their rollups; others say so by oneshot.close_raw. (Empty: set in this
  -- session, and no longer.)
  if nullif(current_setting('oneshot.keep_rollups', true), '')::boolean then return null; end if;
  if tg_op = 'TRUNCATE' then
    insert into oneshot.rollup_changes (source, occurred_at) values ('metric_events', null);
    return null;
  end if;
  perform oneshot.check_metric_events();
  select concat_ws(' union all ', 'select occurred_at from ' || old_rows, 'select occurred_at from ' || new_rows)
  into rows from oneshot.changed_rows(tg_relid, tg_name, tg_op);
  execute format(
    'insert into oneshot.rollup_changes (source, occurred_at)
     select ''metric_events'', unnest(array[min(occurred_at), max(occurred_at)])
     from (%s) as changed where isfinite(occurred_at)
     group by date_bin(''15 minutes'', occurred_at, ''2000-01-01 00:00:00+00'')', rows);
  return null;
end
$$;

-- The rows that are changed have names that no table of the application's has.
create or replace trigger metric_events_deleted after delete on metric_events
  referencing old table as oneshot_old_rows for each statement execute function oneshot.note_changed_events();
create or replace trigger metric_events_updated after update on metric_events
  referencing old table as oneshot_old_rows new table as oneshot_new_rows
  for each statement execute function oneshot.note_changed_events();

-- Who deletes raw events and keeps their rollups calls this first, in the same transaction: what is before the border
-- is from now on never calculated again, and what comes late for it is reported. Deletions of the transaction are not
-- noticed.
create or replace function oneshot.close_raw(source text, before timestamptz) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
-- Policies of metric_events' owner would run as this function's.
set row_security = off as $$
declare
  place oneshot.rollup_positions;
  border timestamptz;
begin
  select p.* into place from oneshot.rollup_positions as p where p.source = close_raw.source for update;
  if place.seen is null and place.looked_until is null then
    raise exception 'metrics-rollups has not looked at % yet', source using hint = 'Run it first.';
  end if;
  border := oneshot.bucket_start('daily'::text, before, place.timezone);
  if border <> before then
    raise exception '% is not where a day begins in %', before, place.timezone
      using hint = format('The day begins at %s.', border);
  end if;
  if before > coalesce(place.raw_from, '-infinity'::timestamptz) then
    if close_raw.source = 'metric_events' then perform oneshot.check_metric_events(); end if;
    if exists (
        select from oneshot.rollup_queue as q
        where q.source = close_raw.source and q.granularity = 'hourly' and q.bucket_start < before)
      or exists (
        select from oneshot.rollup_changes as c
        where c.source = close_raw.source and (c.occurred_at is null or c.occurred_at < before))
      or close_raw.source = 'metric_events' and exists (
        select from oneshot_home.metric_events as e
        where e.occurred_at < before
          and (place.seen is null or e.written_by >= pg_snapshot_xmax(place.seen)
            or e.written_by = any (array(select pg_snapshot_xip(place.seen))))) then
      raise exception 'not all of % before % is rolled up', source, before using hint = 'Run metrics-rollups first.';
    end if;
    -- What retention has begun to remove, it removes to its end; the rest is the caller's.
    update oneshot.rollup_positions as p
    set raw_from = before, raw_removed_until =
      case when p.raw_removed_until is not distinct from p.raw_from then before else p.raw_removed_until end
    where p.source = close_raw.source;
  end if;
  perform set_config('oneshot.keep_rollups', 'on', true);
end
$$;

do $$
declare
  home constant text := quote_ident(current_schema()::text);
  definition text;
begin
  for definition in
    select pg_get_functiondef(oid) from pg_proc
    where oid in (
      'oneshot.check_metric_events()'::regprocedure, 'oneshot.note_changed_events()'::regprocedure,
      'oneshot.close_raw(text, timestamptz)'::regprocedure)
  loop
    execute replace(
      replace(definition, '''oneshot_home.metric_events''', quote_literal(home || '.metric_events')),
      'oneshot_home', home);
  end loop;
end
$$;
