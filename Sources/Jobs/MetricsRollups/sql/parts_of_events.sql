-- What an hour is calculated from.
select from metric_events
where occurred_at >= candidate.bucket_start and occurred_at < candidate.bucket_start + interval '1 hour'
