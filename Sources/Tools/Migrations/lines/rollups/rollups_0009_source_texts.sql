-- metrics-rollups: by which text of its source a rollup was calculated, and how to be rid of those of a source that is gone.
--
-- oneshot_home stands for this schema until the end of the file.

alter table oneshot.rollup_positions
  add column version text;
comment on column oneshot.rollup_positions.version is
  'By which text of the source all of its rollups were calculated: the beginning of its SHA-256, or "built in".';

-- Removes what is stored of a source, and all that is known of it, triggers included. For one whose file is gone: another is looked
-- at from its beginning by the next run.
create function oneshot.rollups_forget(source text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  tracked text;
begin
  if source = 'metric_events' then
    raise exception 'metric_events is no source of your own'
      using errcode = 'invalid_parameter_value', hint = 'To calculate it from its beginning: ROLLUPS_MODE=rebuild.';
  end if;
  -- First, so that a run that has the source waits.
  delete from oneshot.rollup_positions as p where p.source = rollups_forget.source;
  for tracked in select distinct relation from oneshot.rollup_tables as t where t.source = rollups_forget.source loop
    if to_regclass(tracked) is not null then perform oneshot.rollups_untrack(source, to_regclass(tracked)); end if;
  end loop;
  delete from oneshot.rollup_tables as t where t.source = rollups_forget.source;
  delete from oneshot.rollup_queue as q where q.source = rollups_forget.source;
  delete from oneshot.rollup_changes as c where c.source = rollups_forget.source;
  delete from oneshot_home.metric_rollups as r where r.source = rollups_forget.source;
end
$$;

do $$
begin
  execute replace(
    pg_get_functiondef('oneshot.rollups_forget(text)'::regprocedure), 'oneshot_home', quote_ident(current_schema()::text));
end
$$;
