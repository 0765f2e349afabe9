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
join unnest(:instances::text[], :jobs::text[], :servers::text[], :variants::text[], :shards::integer[]) with ordinality
  as part (instance, job, server, variant, shard, number)
  using (instance, job, server, variant, shard)
cross join lateral (
  select least(floor(extract(epoch from started_at - :since)::double precision / :cell), :cells - 1)::integer as cell) as place
where started_at >= :since and run_id <> :own
group by number, cell
order by number, cell
