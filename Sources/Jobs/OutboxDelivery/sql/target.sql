-- How a target stands after it has failed.
insert into oneshot.delivery_targets as t (target, failures, first_failed_at, closed_until, reason)
values (:target, :failures::bigint, :first_failed_at::timestamptz, :closed_until::timestamptz, :reason)
on conflict (target) do update
set failures = excluded.failures, first_failed_at = excluded.first_failed_at, closed_until = excluded.closed_until,
  reason = excluded.reason
