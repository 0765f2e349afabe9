-- Which of some days have no rows.
select opens from unnest(:starts::timestamptz[], :ends::timestamptz[]) as day (opens, closes)
where not exists (select from event where occurred_at >= opens and occurred_at < closes)
order by 1
