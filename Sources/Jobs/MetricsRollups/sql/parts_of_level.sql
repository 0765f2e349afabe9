-- Counts the rows that a longer bucket is calculated from.
select from metric_rollups
where granularity = :child and source = :source and bucket_start >= candidate.bucket_start
  and bucket_start < oneshot.bucket_end(:granularity, candidate.bucket_start, :zone)
-- By the index, for each bucket; in a join condition, the end of each bucket would be computed for every row.
offset 0
