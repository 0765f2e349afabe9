-- reindex, unknown_taken
\set entity '''asset'''
\set shards '''1''::bigint'
\set shard '''0''::bigint'
\set pass '''changed 2025-11-08T02:00:00Z'''
prepare golden (unknown, bigint, bigint, unknown) as
-- What is noted by now of an entity is this pass's to settle: it reads nothing before this is committed. Notes of triggers,
-- and those that were shared out among another number of shards, are shared out before.
with others as (
  delete from oneshot.search_unknown where entity = $1 and shards is distinct from $2
  returning reason, noted_at
), shared as (
  insert into oneshot.search_unknown (entity, reason, noted_at, shard, shards, pass)
  select $1, min(reason), min(noted_at), number, $2, case when number = $3 then $4::text end
  from others cross join generate_series(0, $2 - 1) as number
  group by number
)
update oneshot.search_unknown set pass = $4
where entity = $1 and shards = $2 and shard = $3
;
execute golden (:entity, :shards, :shard, :pass);
deallocate golden;
