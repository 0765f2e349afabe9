-- Removes rows that are read and old: those before the first young row.
delete from oneshot.events
where seq in (
  select seq from oneshot.events
  where pg_visible_in_snapshot(written_by, :seen::pg_snapshot)
    and seq < coalesce(
      (select seq from oneshot.events where written_at >= least(:before::timestamptz, now()) order by seq limit 1),
      9223372036854775807)
  order by seq limit 10000)
