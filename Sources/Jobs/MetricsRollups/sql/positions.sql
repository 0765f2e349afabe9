-- The position of each source; one row for each requested source.
select asked.source, p.source is not null as is_known, p.timezone, p.seen::text as seen, p.looked_until, p.rebuilding,
  p.raw_from, p.hourly_from, p.daily_from, p.weekly_from, p.monthly_from,
  coalesce(pg_snapshot_xmax(p.seen) > pg_snapshot_xmax(pg_current_snapshot()), false) as is_of_elsewhere,
  coalesce(
    greatest(p.raw_from, p.hourly_from) > oneshot.bucket_end('daily', now(), p.timezone)
      or p.weekly_from > oneshot.bucket_end('weekly', now(), p.timezone)
      or greatest(p.daily_from, p.monthly_from) > oneshot.bucket_end('monthly', now(), p.timezone), false) as is_ahead,
  -- A built-in text has no version: a new version of the job may word it differently with the same meaning.
  coalesce(left(encode(sha256(convert_to(asked.text, 'UTF8')), 'hex'), 16), 'built in') as version, p.version as calculated_by
from unnest(:sources::text[], :texts::text[]) as asked (source, text)
left join oneshot.rollup_positions as p using (source)
