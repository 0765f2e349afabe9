-- suggested-users, sample
\set shards '''2''::bigint'
\set shard '''1''::bigint'
\set seed '''2025-11-08T02:00:00Z'''
\set limit '''100''::bigint'
prepare golden (bigint, bigint, unknown, bigint) as
-- Some lists that nothing queued is about: those may be another by rights.
select l.user_id, l.members
from oneshot.suggestion_lists as l
where l.members > 0 and (hashtextextended(l.user_id collate "C", 0) & 9223372036854775807) % $1 = $2
  and not exists (select from oneshot.suggestion_pending as p where p.user_id = l.user_id)
order by hashtextextended(l.user_id || $3, 0)
limit $4
;
execute golden (:shards, :shard, :seed, :limit);
deallocate golden;
