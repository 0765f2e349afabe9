insert into oneshot.reindex_cursors (mode, entity, shard, lane, shard_count, source, after_id, upto_id, started_at)
select :mode, :entity, :shard, lane, :shards, :source, after_id, upto_id, :started_at
from lanes
returning entity, lane, after_id, upto_id, is_done, present, (select nameless from divided) as nameless
