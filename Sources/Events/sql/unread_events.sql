-- How many rows are unread.
select count(*) as events
from (
  select from oneshot.events
  where case
    when :seen::pg_snapshot is null then seq > coalesce(:seq::bigint, 0)
    else written_by >= pg_snapshot_xmin(:seen::pg_snapshot)
      and not pg_visible_in_snapshot(written_by, :seen::pg_snapshot)
  end
  limit 100000
) as unread
