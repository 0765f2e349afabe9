-- Opens an incident for each trouble that has none; notes since when an open one is no longer found, and closes it once it
-- has not been found for long enough: what comes again before that is the same incident. Of one that is still
-- found after its snooze is over receivers are notified again.
with found as (
  select * from unnest(
    :instances::text[], :jobs::text[], :servers::text[], :variants::text[], :shards::integer[], :kinds::text[], :sinces::timestamptz[], :messages::text[], :snoozes::timestamptz[])
  as f (instance, job, server, variant, shard, kind, since, message, snoozed_until)
), open as (
  select i.incident_id, i.unseen_since, f.job is not null as is_seen, f.snoozed_until,
    f.job is not null and f.snoozed_until is null and i.snoozed_until is not null as is_awake
  from oneshot.incidents i
  left join found f on (f.instance, f.job, f.server, f.variant, f.shard, f.kind)
    = (i.instance, i.job, i.server, i.variant, i.shard, i.kind)
  where i.closed_at is null and (i.instance = any (:scope::text[])) <> :is_excluding
), noted as (
  update oneshot.incidents i
  set unseen_since = case when not open.is_seen then coalesce(open.unseen_since, :now) end,
    closed_at = case when not open.is_seen and coalesce(open.unseen_since, :now) <= :settled_before then :now end,
    snoozed_until = case when open.is_seen then open.snoozed_until else i.snoozed_until end,
    times_snoozed = i.times_snoozed + open.is_awake::integer,
    opening_told = case when open.is_awake then '{}' else i.opening_told end
  from open
  where i.incident_id = open.incident_id
    and (not open.is_seen or open.unseen_since is not null or open.snoozed_until is distinct from i.snoozed_until)
  returning i.closed_at, i.unseen_since
), opened as (
  insert into oneshot.incidents (instance, job, server, variant, shard, kind, since, message, opened_at, opened_by, snoozed_until)
  select f.instance, f.job, f.server, f.variant, f.shard, f.kind, f.since, f.message, :now, :run, f.snoozed_until from found f
  on conflict (instance, job, server, variant, shard, kind) where closed_at is null do nothing
  returning 1
), removed as (
  delete from oneshot.incidents where incident_id in (
    select incident_id from oneshot.incidents where closed_at < :horizon order by closed_at limit 500)
)
select (select count(*) from opened) as opened, (select count(*) from noted where closed_at is not null) as closed,
  (select count(*) from noted where closed_at is null and unseen_since is not null) as settling
