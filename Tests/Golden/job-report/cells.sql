-- job-report, cells
\set instances '''{""}'''
\set jobs '''{"reindex"}'''
\set servers '''{""}'''
\set variants '''{""}'''
\set shards '''{"0"}'''
\set since '''2025-08-10T02:00:00Z''::timestamptz'
\set cell '''86400.0''::double precision'
\set cells '''90''::bigint'
\set own '''01a228a9-1ce6-7a5b-af9a-758367ac1df3'''
prepare golden (unknown, unknown, unknown, unknown, unknown, timestamptz, double precision, bigint, unknown) as
-- The runs of some parts, grouped by the stretch of time in which they started. Grouped by numbers: sorting texts would
-- take longest.
select number, cell,
  count(*) filter (where status = 'succeeded') as succeeded,
  count(*) filter (where status = 'partial') as partial,
  count(*) filter (where status = 'failed') as failed,
  count(*) filter (where status = 'interrupted') as interrupted,
  count(*) filter (where status = 'running') as running,
  percentile_disc(0.5) within group (order by duration_ms) as median_ms,
  sum(items_processed)::double precision as items
from oneshot.job_runs
join unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::integer[]) with ordinality
  as part (instance, job, server, variant, shard, number)
  using (instance, job, server, variant, shard)
cross join lateral (
  select least(floor(extract(epoch from started_at - $6)::double precision / $7), $8 - 1)::integer as cell) as place
where started_at >= $6 and run_id <> $9
group by number, cell
order by number, cell
;
execute golden (:instances, :jobs, :servers, :variants, :shards, :since, :cell, :cells, :own);
deallocate golden;
