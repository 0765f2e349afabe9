-- job-doctor, incidents
\set instances '''{""}'''
\set jobs '''{"reindex"}'''
\set servers '''{""}'''
\set variants '''{""}'''
\set shards '''{"0"}'''
\set kinds '''{"missed"}'''
\set sinces '''{"2025-11-08T02:00:00Z"}'''
\set messages '''{"it''''s late"}'''
\set now '''2025-11-08T02:00:00Z''::timestamptz'
\set scope '''{""}'''
\set is_excluding 'true'
\set run '''01a228a9-1ce6-7a5b-af9a-758367ac1df3'''
\set horizon '''2025-08-10T02:00:00Z''::timestamptz'
prepare golden (unknown, unknown, unknown, unknown, unknown, unknown, unknown, unknown, timestamptz, unknown, boolean, unknown, timestamptz) as
-- Opens an incident for each trouble that has none, and closes those that are no longer found.
with found as (
  select * from unnest(
    $1::text[], $2::text[], $3::text[], $4::text[], $5::integer[], $6::text[], $7::timestamptz[], $8::text[])
  as f (instance, job, server, variant, shard, kind, since, message)
), closed as (
  update oneshot.incidents i set closed_at = $9
  where i.closed_at is null and (i.instance = any ($10::text[])) <> $11 and not exists (
    select from found f
    where (f.instance, f.job, f.server, f.variant, f.shard, f.kind)
      = (i.instance, i.job, i.server, i.variant, i.shard, i.kind))
  returning 1
), opened as (
  insert into oneshot.incidents (instance, job, server, variant, shard, kind, since, message, opened_at, opened_by)
  select f.instance, f.job, f.server, f.variant, f.shard, f.kind, f.since, f.message, $9, $12 from found f
  on conflict (instance, job, server, variant, shard, kind) where closed_at is null do nothing
  returning 1
), removed as (
  delete from oneshot.incidents where incident_id in (
    select incident_id from oneshot.incidents where closed_at < $13 order by closed_at limit 500)
)
select (select count(*) from opened) as opened, (select count(*) from closed) as closed
;
execute golden (:instances, :jobs, :servers, :variants, :shards, :kinds, :sinces, :messages, :now, :scope, :is_excluding, :run, :horizon);
deallocate golden;
