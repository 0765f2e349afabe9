-- suggested-users, due
\set before '''2025-11-01T02:00:00Z''::timestamptz'
\set shards '''2''::bigint'
\set shard '''1''::bigint'
\set passed '''{"17"}'''
\set limit '''100''::bigint'
prepare golden (timestamptz, bigint, bigint, unknown, bigint) as
-- The users whose lists are old, or were computed before all of them were due, the oldest first.
select l.user_id, 2 as urgency
from oneshot.suggestion_lists as l
where l.computed_at < greatest($1, (select due_before from oneshot.suggestion_state))
  and (hashtextextended(l.user_id collate "C", 0) & 9223372036854775807) % $2 = $3 and not exists (select from unnest($4::text[]) as passed (user_id) where passed.user_id = l.user_id)
order by l.computed_at, l.user_id
limit $5
;
execute golden (:before, :shards, :shard, :passed, :limit);
deallocate golden;
