-- fraud-detection, save_position
\set instance ''''''
\set part ''''''
\set snapshot '''10:20:10,14'''
\set looked_until '''2025-11-08T02:00:00Z''::timestamptz'
\set last_id '''17''::bigint'
\set run_id '''01a228a9-1ce6-7a5b-af9a-758367ac1df3'''
prepare golden (unknown, unknown, unknown, timestamptz, bigint, unknown) as
insert into oneshot.fraud_positions (instance, variant, seen, looked_until, last_id, run_id)
values ($1, $2, $3::pg_snapshot, $4, coalesce($5::bigint, 0), $6::uuid)
on conflict (instance, variant) do update
set seen = excluded.seen, looked_until = excluded.looked_until, last_id = excluded.last_id, run_id = excluded.run_id
;
execute golden (:instance, :part, :snapshot, :looked_until, :last_id, :run_id);
deallocate golden;
