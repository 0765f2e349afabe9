create temporary table oneshot_rollup_fresh on commit drop as
select *, {sum} as sum
from (
  select opens as bucket_start, metric, entity_type, entity_id, count(*) as rows, sum(count)::bigint as count,
    -- A row from before sums were exact has its double: all digits that it had.
    sum(coalesce(sum_exact, sum::text::numeric)) as sum_exact, min(min) as min, max(max) as max
  from unnest(:starts::timestamptz[], :ends::timestamptz[]) as stretch (opens, closes)
  cross join lateral (
    select * from metric_rollups
    where granularity = :child and source = :source and bucket_start >= opens and bucket_start < closes
    offset 0) as part
  group by 1, 2, 3, 4
) as fresh
