-- suggested-users, pending
\set shards '''2''::bigint'
\set shard '''1''::bigint'
\set passed '''{"17"}'''
\set rows '''2000''::bigint'
\set limit '''100''::bigint'
prepare golden (bigint, bigint, unknown, bigint, bigint) as
-- The next users who are queued, the most urgent first. A user may be queued many times.
select user_id, min(urgency) as urgency
from (
  select p.user_id, p.urgency, p.id
  from oneshot.suggestion_pending as p
  where (hashtextextended(p.user_id collate "C", 0) & 9223372036854775807) % $1 = $2 and not exists (select from unnest($3::text[]) as passed (user_id) where passed.user_id = p.user_id)
  order by p.urgency, p.id
  limit $4) as next
group by user_id
order by min(urgency), min(id)
limit $5
;
execute golden (:shards, :shard, :passed, :rows, :limit);
deallocate golden;
