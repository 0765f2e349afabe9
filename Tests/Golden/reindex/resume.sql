-- reindex, resume
\set entities '''{"asset","creator"}'''
\set sources '''{"select …","select …"}'''
\set mode '''changed'''
\set shard '''0''::bigint'
\set shards '''1''::bigint'
prepare golden (unknown, unknown, unknown, bigint, bigint) as
-- What an earlier run of this mode left to do of these entities. Rows of another number of shards, or of another source,
-- are of no use; those of entities that this run does not want are left to a run that does.
with wanted as (
  select * from unnest($1::text[], $2::text[]) as wanted (entity, source)
), useless as (
  delete from oneshot.reindex_cursors as c using wanted
  where mode = $3 and shard = $4 and wanted.entity = c.entity
    and (shard_count <> $5 or wanted.source <> c.source)
  returning c.entity, lane
)
select entity, lane, after_id, upto_id, is_done, present, started_at::text as started_at
from oneshot.reindex_cursors as c
where mode = $3 and shard = $4 and entity in (select entity from wanted) and not exists (
  select from useless where useless.entity = c.entity and useless.lane = c.lane)
order by entity, lane
;
execute golden (:entities, :sources, :mode, :shard, :shards);
deallocate golden;
