-- The visitors in the parts of a longer bucket.
select opens as bucket_start, metric, entity_type, entity_id,
  array_agg(distinct hash) filter (where hash is not null) as hashes, {sketches} as sketches
from unnest(:starts::timestamptz[], :ends::timestamptz[]) as stretch (opens, closes)
cross join lateral (
  select * from metric_rollups
  where granularity = :child and source = :source and bucket_start >= opens and bucket_start < closes
    and visitors > 0
  offset 0) as part
left join lateral unnest(visitor_hashes) as hash on true
group by 1, 2, 3, 4
