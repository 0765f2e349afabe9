-- What is noted by now of an entity is this pass's to settle: it reads nothing before this is committed. Notes of triggers,
-- and those that were shared out among another number of shards, are shared out before.
with others as (
  delete from oneshot.search_unknown where entity = :entity and shards is distinct from :shards
  returning reason, noted_at
), shared as (
  insert into oneshot.search_unknown (entity, reason, noted_at, shard, shards, pass)
  select :entity, min(reason), min(noted_at), number, :shards, case when number = :shard then :pass::text end
  from others cross join generate_series(0, :shards - 1) as number
  group by number
)
update oneshot.search_unknown set pass = :pass
where entity = :entity and shards = :shards and shard = :shard
