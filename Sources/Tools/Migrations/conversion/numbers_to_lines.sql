-- Brings a database that was migrated with one numbering, 1 to 11, to what the lines core 1, usage 1, boards 1, rollups 3
-- and search 3 make. No row is lost; each gets the identity that its run had, which had no name yet.

alter table oneshot.fences
  add column instance text not null default '', add column server text not null default '',
  drop constraint fences_pkey, add constraint fences_pkey primary key (instance, job, server, shard);

alter table oneshot.job_runs
  add column instance text not null default '', add column server text not null default '';
drop index oneshot.job_runs_one_success_a_slot;
create unique index job_runs_one_success_a_slot
  on oneshot.job_runs (instance, job, server, variant, shard, shard_count, scheduled_at)
  where status = 'succeeded' and scheduled_by <> 'clock' and not forced;
drop index oneshot.job_runs_by_part;
create index job_runs_by_part on oneshot.job_runs (job, variant, shard, instance, server, started_at);
-- What a job does by its defaults has no name any more.
update oneshot.job_runs set variant = ''
where (job, variant) in (('reindex', 'changed'), ('metrics-rollups', 'hourly,daily,weekly,monthly'));

alter table oneshot.job_totals
  add column instance text not null default '', add column server text not null default '',
  add column variant text not null default '',
  drop constraint job_totals_pkey, add constraint job_totals_pkey primary key (instance, job, server, variant, shard);
comment on table oneshot.job_totals is
  'What the runs of a job, variant and shard add up to, for metrics: how they ended and how many failures of items they reported, counted when their rows in job_runs are closed. Rows leave the ledger after JOB_LEDGER_KEEP; counters here never go down.';

alter table oneshot.dead_letters
  add column instance text not null default '', add column server text not null default '',
  add column variant text not null default '',
  drop constraint dead_letters_pkey,
  add constraint dead_letters_pkey primary key (instance, job, server, item_digest);
drop index oneshot.dead_letters_asked;
create index dead_letters_asked
  on oneshot.dead_letters (
    job, instance, server, coalesce(replay_run_id, '00000000-0000-0000-0000-000000000000'), replay_asked_at, item_digest)
  where replay_asked_at is not null;

alter table oneshot.dead_letter_actions
  add column instance text not null default '', add column server text not null default '';

create table oneshot.letter_kinds (
  job text not null,
  kind text not null,
  cause text not null,
  remedy text not null,
  last_declared_at timestamptz not null default now(),
  primary key (job, kind)
);
comment on table oneshot.letter_kinds is
  'What each kind of a job''s dead letters means and what to do about it, written by the job''s runs.';

alter table oneshot.incidents
  add column instance text not null default '', add column server text not null default '';
drop index oneshot.incidents_open;
create unique index incidents_open
  on oneshot.incidents (instance, job, server, variant, shard, kind) where closed_at is null;

alter table oneshot.usage_days
  add column instance text not null default '', add column server text not null default '',
  drop constraint usage_days_pkey,
  add constraint usage_days_pkey primary key (instance, server, key_prefix, usage_date, shard_count, shard);

-- Boards were kept without their prefix: this was the default.
alter table top_stats_history
  add column instance text collate "C" not null default '',
  add column key_prefix text collate "C" not null default 'top:',
  drop constraint top_stats_history_pkey,
  add constraint top_stats_history_pkey primary key (instance, key_prefix, board, computed_at, rank);

-- search() becomes oneshot.search(), with its rights and whatever is built on it; the short name becomes a synonym.
do $$
declare
  roles text := (
    select string_agg(case when grantee = 0 then 'public' else quote_ident(pg_get_userbyid(grantee)) end, ', ')
    from pg_proc cross join aclexplode(proacl)
    where pg_proc.oid = 'search(text, text[], integer)'::regprocedure and privilege_type = 'EXECUTE' and grantee <> proowner);
  is_limited boolean := (
    select proacl is not null from pg_proc where oid = 'search(text, text[], integer)'::regprocedure);
begin
  alter function search(text, text[], integer) set schema oneshot;
  execute $synonym$
    create function search(
      query text, entities text[] default null, "limit" integer default 20,
      out entity text, out entity_id text, out rank real, out approximate boolean
    ) returns setof record language sql
    begin atomic
      select found.entity, found.entity_id, found.rank, found.approximate
      from oneshot.search(search.query, search.entities, search."limit") as found;
    end
  $synonym$;
  comment on function search(text, text[], integer) is 'A synonym of oneshot.search().';
  if is_limited then
    revoke all on function search(text, text[], integer) from public;
    if roles is not null then execute 'grant execute on function search(text, text[], integer) to ' || roles; end if;
  end if;
end
$$;
create or replace function oneshot.search_likeness() returns boolean language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  likeness text := (
    select quote_ident(nspname::text) from pg_extension join pg_namespace on pg_namespace.oid = extnamespace
    where extname = 'pg_trgm');
begin
  if likeness is null then return false; end if;
  execute 'alter function oneshot.search(text, text[], integer) set search_path to oneshot_home, '
    || likeness || ', pg_temp';
  execute 'create index if not exists search_words_likeness on oneshot_home.search_words using gin (word '
    || likeness || '.gin_trgm_ops)';
  return true;
end $$;
call oneshot.search_name_home();

-- What has been applied, under its new names: these rows are added by `oneshot migrate`.
create temporary table numbers_of_before as select version, applied_at from oneshot.migrations;
delete from oneshot.migrations;
alter table oneshot.migrations
  drop column version, add column line text not null, add column number integer not null,
  add constraint migrations_pkey primary key (line, number);
comment on table oneshot.migrations is 'What `oneshot migrate` has applied: each line is counted by itself.';
