-- Counts the rows that an hour is calculated from, for each hour by the index.
select from metric_events
where occurred_at >= candidate.bucket_start and occurred_at < candidate.bucket_start + interval '1 hour'
offset 0
