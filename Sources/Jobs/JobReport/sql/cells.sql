-- The runs of some parts, put together by the stretch of time in which they started.
select job, variant, shard,
  least(floor(extract(epoch from started_at - :since) / :cell), :cells - 1)::integer as cell,
  count(*) filter (where status = 'succeeded') as succeeded,
  count(*) filter (where status = 'partial') as partial,
  count(*) filter (where status = 'failed') as failed,
  count(*) filter (where status = 'interrupted') as interrupted,
  count(*) filter (where status = 'running') as running,
  percentile_disc(0.5) within group (order by duration_ms) as median_ms,
  sum(items_processed)::double precision as items
from oneshot.job_runs
where started_at >= :since and run_id <> :own
  and (job, variant, shard) in (select * from unnest(:jobs::text[], :variants::text[], :shards::integer[]))
group by 1, 2, 3, 4
order by 1, 2, 3, 4
