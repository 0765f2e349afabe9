-- Whether the next run will calculate all of a window anyway.
select exists (select from oneshot.rollup_changes where source = :source and mark is not null)
    and :granularity = 'hourly'
  or exists (
    select from oneshot.rollup_queue
    where source = :source and granularity = :granularity and :granularity <> 'hourly' and bucket_start >= :window_start
      and bucket_start < :window_end) as is_pending
