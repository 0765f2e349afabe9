insert into oneshot.fraud_positions (instance, variant, seen, looked_until, last_id, run_id)
values (:instance, :part, :snapshot::pg_snapshot, :looked_until, coalesce(:last_id::bigint, 0), :run_id::uuid)
on conflict (instance, variant) do update
set seen = excluded.seen, looked_until = excluded.looked_until, last_id = excluded.last_id, run_id = excluded.run_id
