, queued as (
  insert into oneshot.rollup_queue (source, granularity, bucket_start)
  select :source, granularity, bucket_start from open
  on conflict do nothing
), moved as (
  -- In the same statement, and so of the same snapshot, as what was noticed.
  insert into oneshot.rollup_positions as p (source, timezone, seen, looked_until, rebuilding)
  values (
    :source, :zone, case when :moves then pg_current_snapshot() end,
    case when :moves then :looked_until::timestamptz end, :rebuilding)
  on conflict (source) do update
  set timezone = excluded.timezone, seen = coalesce(excluded.seen, p.seen),
    looked_until = greatest(excluded.looked_until, p.looked_until), rebuilding = excluded.rebuilding
)
