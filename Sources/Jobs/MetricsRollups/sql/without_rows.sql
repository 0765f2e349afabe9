-- The days without rows, of some days.
select opens from unnest(:starts::timestamptz[], :ends::timestamptz[]) as day (opens, closes)
where not exists (select from event where occurred_at >= opens and occurred_at < closes)
order by 1
