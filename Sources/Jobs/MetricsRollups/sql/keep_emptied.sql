delete from oneshot_rollup_changes as c
using unnest(:starts::timestamptz[], :ends::timestamptz[]) as day (opens, closes)
where c.bucket_start >= opens and c.bucket_start < closes
