-- job-doctor, incidents
\set instances '''{""}'''
\set jobs '''{"reindex"}'''
\set servers '''{""}'''
\set variants '''{""}'''
\set shards '''{"0"}'''
\set kinds '''{"missed"}'''
\set sinces '''{"2025-11-08T02:00:00Z"}'''
\set messages '''{"it''''s late"}'''
\set snoozes '''{"2025-11-08T02:00:00Z"}'''
\set scope '''{""}'''
\set is_excluding 'true'
\set now '''2025-11-08T02:00:00Z''::timestamptz'
\set settled_before '''2025-11-08T01:30:00Z''::timestamptz'
\set run '''01a228a9-1ce6-7a5b-af9a-758367ac1df3'''
\set horizon '''2025-08-10T02:00:00Z''::timestamptz'
prepare golden (unknown, unknown, unknown, unknown, unknown, unknown, unknown, unknown, unknown, unknown, boolean, timestamptz, timestamptz, unknown, timestamptz) as
-- Opens an incident for each trouble that has none; notes since when an open one is no longer found, and closes it once it
-- has not been found for long enough: what comes again before that is the same incident. Of one that is still
-- found after its snooze is over receivers are notified again.
with found as (
  select * from unnest(
    $1::text[], $2::text[], $3::text[], $4::text[], $5::integer[], $6::text[], $7::timestamptz[], $8::text[], $9::timestamptz[])
  as f (instance, job, server, variant, shard, kind, since, message, snoozed_until)
), open as (
  select i.incident_id, i.unseen_since, f.job is not null as is_seen, f.snoozed_until,
    f.job is not null and f.snoozed_until is null and i.snoozed_until is not null as is_awake
  from oneshot.incidents i
  left join found f on (f.instance, f.job, f.server, f.variant, f.shard, f.kind)
    = (i.instance, i.job, i.server, i.variant, i.shard, i.kind)
  where i.closed_at is null and (i.instance = any ($10::text[])) <> $11
), noted as (
  update oneshot.incidents i
  set unseen_since = case when not open.is_seen then coalesce(open.unseen_since, $12) end,
    closed_at = case when not open.is_seen and coalesce(open.unseen_since, $12) <= $13 then $12 end,
    snoozed_until = case when open.is_seen then open.snoozed_until else i.snoozed_until end,
    times_snoozed = i.times_snoozed + open.is_awake::integer,
    opening_told = case when open.is_awake then '{}' else i.opening_told end
  from open
  where i.incident_id = open.incident_id
    and (not open.is_seen or open.unseen_since is not null or open.snoozed_until is distinct from i.snoozed_until)
  returning i.closed_at, i.unseen_since
), opened as (
  insert into oneshot.incidents (instance, job, server, variant, shard, kind, since, message, opened_at, opened_by, snoozed_until)
  select f.instance, f.job, f.server, f.variant, f.shard, f.kind, f.since, f.message, $12, $14, f.snoozed_until from found f
  on conflict (instance, job, server, variant, shard, kind) where closed_at is null do nothing
  returning 1
), removed as (
  delete from oneshot.incidents where incident_id in (
    select incident_id from oneshot.incidents where closed_at < $15 order by closed_at limit 500)
)
select (select count(*) from opened) as opened, (select count(*) from noted where closed_at is not null) as closed,
  (select count(*) from noted where closed_at is null and unseen_since is not null) as settling
;
execute golden (:instances, :jobs, :servers, :variants, :shards, :kinds, :sinces, :messages, :snoozes, :scope, :is_excluding, :now, :settled_before, :run, :horizon);
deallocate golden;
