-- metrics-rollups, fresh_from_children
\set starts '''{"2025-11-07T00:00:00Z","2025-11-07T23:00:00Z"}'''
\set ends '''{"2025-11-07T01:00:00Z","2025-11-08T00:00:00Z"}'''
\set child '''hourly'''
\set source '''metric_events'''
-- As long as one of its parts has no exact sum, a bucket has none: its sum is made of the parts' doubles, with all
-- their digits. And a bucket has no count of visitors as long as one of its parts has none.
create temporary table oneshot_rollup_fresh on commit drop as
select bucket_start, metric, entity_type, entity_id, rows, count, -- The cast alone would report the error with all digits, hundreds of them; this fails like an addition of doubles:
-- "value out of range: overflow".
case when abs(sum_exact) > 1.7976931348623158e308 and abs(sum_exact) < 'Infinity' then 1e308::double precision * greatest(rows, 10)
  else sum_exact::double precision end
 as sum, case when is_exact then sum_exact end as sum_exact, min, max,
  null::bigint as visitors, null::bigint[] as visitor_hashes, null::bytea as visitor_sketch
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
;
