-- Opens an incident for each trouble that has none, and closes those that are no longer found.
with found as (
  select * from unnest(
    :instances::text[], :jobs::text[], :servers::text[], :variants::text[], :shards::integer[], :kinds::text[], :sinces::timestamptz[], :messages::text[])
  as f (instance, job, server, variant, shard, kind, since, message)
), closed as (
  update oneshot.incidents i set closed_at = :now
  where i.closed_at is null and (i.instance = any (:scope::text[])) <> :is_excluding and not exists (
    select from found f
    where (f.instance, f.job, f.server, f.variant, f.shard, f.kind)
      = (i.instance, i.job, i.server, i.variant, i.shard, i.kind))
  returning 1
), opened as (
  insert into oneshot.incidents (instance, job, server, variant, shard, kind, since, message, opened_at, opened_by)
  select f.instance, f.job, f.server, f.variant, f.shard, f.kind, f.since, f.message, :now, :run from found f
  on conflict (instance, job, server, variant, shard, kind) where closed_at is null do nothing
  returning 1
), removed as (
  delete from oneshot.incidents where incident_id in (
    select incident_id from oneshot.incidents where closed_at < :horizon order by closed_at limit 500)
)
select (select count(*) from opened) as opened, (select count(*) from closed) as closed
