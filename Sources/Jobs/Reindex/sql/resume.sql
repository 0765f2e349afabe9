-- What an earlier run of this mode left to do. Rows of another number of shards, of other sources, or of entities that
-- are not wanted now are of no use.
with useless as (
  delete from oneshot.reindex_cursors as c
  where mode = :mode and shard = :shard and not (
    shard_count = :shards
    and exists (
      select from unnest(:entities::text[], :sources::text[]) as wanted (entity, source)
      where wanted.entity = c.entity and wanted.source = c.source))
  returning entity, lane
)
select entity, lane, after_id, upto_id, is_done, present, started_at::text as started_at
from oneshot.reindex_cursors as c
where mode = :mode and shard = :shard and not exists (
  select from useless where useless.entity = c.entity and useless.lane = c.lane)
order by entity, lane
