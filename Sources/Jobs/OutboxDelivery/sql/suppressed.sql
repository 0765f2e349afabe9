exists (
  select from oneshot.suppressions as s
  where s.address = lower(d.recipient) and s.category in ('*', d.category)
    and (s.until is null or s.until > :moment::timestamptz))
