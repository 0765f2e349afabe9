-- metrics-rollups, is_pending
\set source '''metric_events'''
\set granularity '''hourly'''
\set window_start '''2025-11-07T00:00:00Z''::timestamptz'
\set window_end '''2025-11-08T00:00:00Z''::timestamptz'
prepare golden (unknown, unknown, timestamptz, timestamptz) as
-- Whether the next run will calculate all of a window anyway.
select exists (select from oneshot.rollup_changes where source = $1 and mark is not null)
    and $2 = 'hourly'
  or exists (
    select from oneshot.rollup_queue
    where source = $1 and granularity = $2 and $2 <> 'hourly' and bucket_start >= $3
      and bucket_start < $4) as is_pending
;
execute golden (:source, :granularity, :window_start, :window_end);
deallocate golden;
