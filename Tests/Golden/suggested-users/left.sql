-- suggested-users, left
\set shards '''2''::bigint'
\set shard '''1''::bigint'
\set before '''2025-11-01T02:00:00Z''::timestamptz'
\set moment '''2025-11-08T02:00:00Z''::timestamptz'
prepare golden (bigint, bigint, timestamptz, timestamptz) as
-- How many users are left to later runs, and for how long the first of them has been queued.
select
  (
    select count(distinct p.user_id) from oneshot.suggestion_pending as p where (hashtextextended(p.user_id collate "C", 0) & 9223372036854775807) % $1 = $2
  ) + (
    select count(*)
    from oneshot.suggestion_lists as l
    where l.computed_at < greatest($3, (select due_before from oneshot.suggestion_state)) and (hashtextextended(l.user_id collate "C", 0) & 9223372036854775807) % $1 = $2
      and not exists (select from oneshot.suggestion_pending as q where q.user_id = l.user_id)) as users,
  (
    select extract(epoch from greatest(interval '0', $4 - min(p.queued_at)))::double precision
    from oneshot.suggestion_pending as p
    where (hashtextextended(p.user_id collate "C", 0) & 9223372036854775807) % $1 = $2) as oldest_seconds
;
execute golden (:shards, :shard, :before, :moment);
deallocate golden;
