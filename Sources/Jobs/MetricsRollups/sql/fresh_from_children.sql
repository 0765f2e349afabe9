-- As long as one of its parts has no exact sum, a bucket has none: its sum is made of the parts' doubles, with all
-- their digits. And a bucket has no count of visitors as long as one of its parts has none.
create temporary table oneshot_rollup_fresh on commit drop as
select bucket_start, metric, entity_type, entity_id, rows, count, {sum} as sum, case when is_exact then sum_exact end as sum_exact, min, max,
  {visitor_columns}
from (
  select opens as bucket_start, metric, entity_type, entity_id, count(*) as rows, sum(count)::bigint as count,
    sum(coalesce(sum_exact, sum::text::numeric)) as sum_exact, bool_and(sum_exact is not null) as is_exact,
    bool_and(visitors is not null) as is_counted, min(min) as min, max(max) as max
  from unnest(:starts::timestamptz[], :ends::timestamptz[]) as stretch (opens, closes)
  cross join lateral (
    select * from metric_rollups
    where granularity = :child and source = :source and bucket_start >= opens and bucket_start < closes
    offset 0) as part
  group by 1, 2, 3, 4
) as fresh
{visitors}
