-- reindex, next_stored
\set entity '''asset'''
\set after '''5000'''
\set shards '''1''::bigint'
\set shard '''0''::bigint'
\set limit '''500''::bigint'
prepare golden (unknown, unknown, bigint, bigint, bigint) as
-- The next documents of the index, by their ids.
select entity_id from search_documents
where entity = $1 and ($2::text is null or entity_id > $2)
  and ($3 = 1 or (hashtext(entity_id) & 2147483647) % $3 = $4)
order by entity_id
limit $5
;
execute golden (:entity, :after, :shards, :shard, :limit);
deallocate golden;
