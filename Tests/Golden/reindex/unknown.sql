-- reindex, unknown
\set shards '''1''::bigint'
\set shard '''0''::bigint'
prepare golden (bigint, bigint) as
-- Entities of which something unknown has changed, as far as they are this shard's.
select entity, min(reason) as reason from oneshot.search_unknown
where shards is distinct from $1 or shard = $2
group by 1
order by 1
;
execute golden (:shards, :shard);
deallocate golden;
