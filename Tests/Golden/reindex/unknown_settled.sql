-- reindex, unknown_settled
\set entity '''asset'''
\set shards '''1''::bigint'
\set shard '''0''::bigint'
\set pass '''changed 2025-11-08T02:00:00Z'''
prepare golden (unknown, bigint, bigint, unknown) as
delete from oneshot.search_unknown
where entity = $1 and shards = $2 and shard = $3 and pass = $4
;
execute golden (:entity, :shards, :shard, :pass);
deallocate golden;
