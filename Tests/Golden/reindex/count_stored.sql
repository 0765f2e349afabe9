-- reindex, count_stored
\set entity '''asset'''
\set shards '''1''::bigint'
\set shard '''0''::bigint'
prepare golden (unknown, bigint, bigint) as
select count(*) as documents from search_documents
where entity = $1 and ($2 = 1 or (hashtext(entity_id) & 2147483647) % $2 = $3)
;
execute golden (:entity, :shards, :shard);
deallocate golden;
