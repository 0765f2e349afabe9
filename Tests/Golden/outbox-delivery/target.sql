-- outbox-delivery, target
\set target '''smtp:relay:587'''
\set failures '''5''::bigint'
\set first_failed_at '''2025-11-08T02:00:00Z''::timestamptz'
\set closed_until '''2025-11-08T02:00:00Z''::timestamptz'
\set reason '''connection refused'''
prepare golden (unknown, bigint, timestamptz, timestamptz, unknown) as
-- How a target stands after it has failed.
insert into oneshot.delivery_targets as t (target, failures, first_failed_at, closed_until, reason)
values ($1, $2::bigint, $3::timestamptz, $4::timestamptz, $5)
on conflict (target) do update
set failures = excluded.failures, first_failed_at = excluded.first_failed_at, closed_until = excluded.closed_until,
  reason = excluded.reason
;
execute golden (:target, :failures, :first_failed_at, :closed_until, :reason);
deallocate golden;
