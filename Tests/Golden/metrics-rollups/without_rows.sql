-- metrics-rollups, without_rows
\set window_start '''2025-11-07T00:00:00Z''::timestamptz'
\set window_end '''2025-11-08T00:00:00Z''::timestamptz'
\set starts '''{"2025-11-07T00:00:00Z","2025-11-07T23:00:00Z"}'''
\set ends '''{"2025-11-07T01:00:00Z","2025-11-08T00:00:00Z"}'''
prepare golden (timestamptz, timestamptz, unknown, unknown) as
with event as not materialized (select * from (-- The events that applications write; see docs/decisions/0014 for written_by.
select metric, entity_type, entity_id, value, occurred_at, written_by
from metric_events
where occurred_at >= $1 and (occurred_at < $2 or $2 = 'infinity')
) as file) -- The days without rows, of some days.
select opens from unnest($3::timestamptz[], $4::timestamptz[]) as day (opens, closes)
where not exists (select from event where occurred_at >= opens and occurred_at < closes)
order by 1
;
execute golden (:window_start, :window_end, :starts, :ends);
deallocate golden;
