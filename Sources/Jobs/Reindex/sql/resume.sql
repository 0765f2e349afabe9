-- What an earlier run of this mode left to do of these entities. Rows of another number of shards, or of another source,
-- are of no use; those of entities that this run does not want are left to a run that does.
with wanted as (
  select * from unnest(:entities::text[], :sources::text[]) as wanted (entity, source)
), useless as (
  delete from oneshot.reindex_cursors as c using wanted
  where mode = :mode and shard = :shard and wanted.entity = c.entity
    and (shard_count <> :shards or wanted.source <> c.source)
  returning c.entity, lane
)
select entity, lane, after_id, upto_id, is_done, present, started_at::text as started_at
from oneshot.reindex_cursors as c
where mode = :mode and shard = :shard and entity in (select entity from wanted) and not exists (
  select from useless where useless.entity = c.entity and useless.lane = c.lane)
order by entity, lane
