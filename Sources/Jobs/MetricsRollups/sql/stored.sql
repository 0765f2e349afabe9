-- The stored rollups of some stretches of time. (Not flattened: each is looked up by the index, whatever else it is
-- joined with.)
select r.* from unnest(:starts::timestamptz[], :ends::timestamptz[]) as stretch (opens, closes)
cross join lateral (
  select * from metric_rollups
  where granularity = :granularity and source = :source and bucket_start >= opens and bucket_start < closes
  offset 0) as r
