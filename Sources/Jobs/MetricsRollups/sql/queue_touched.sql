, queued as (
  insert into oneshot.rollup_queue (source, granularity, bucket_start)
  select :source, granularity, bucket_start from open
  on conflict do nothing
), moved as (
  -- In the same statement, and so of the same snapshot, as the noticed rows. A source without written_by has no
  -- snapshot: once it has the column, the first run reads everything.
  insert into oneshot.rollup_positions as p (source, timezone, seen, looked_until, rebuilding, version)
  values (
    :source, :zone, case when :moves and :is_exact then pg_current_snapshot() end,
    case when :moves then :looked_until::timestamptz end, :rebuilding, :version)
  on conflict (source) do update
  set timezone = excluded.timezone, seen = case when :is_exact then coalesce(excluded.seen, p.seen) end,
    looked_until = greatest(excluded.looked_until, p.looked_until), rebuilding = excluded.rebuilding,
    version = case when :is_renewed then excluded.version else coalesce(p.version, excluded.version) end
)
