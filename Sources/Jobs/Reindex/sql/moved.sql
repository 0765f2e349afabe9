moved as (
  update oneshot.reindex_cursors
  set after_id = coalesce(last_id, after_id), is_done = documents < :limit,
    present = present
      + (select count(*) from compared where state in ('inserted', 'updated', 'unchanged', 'kept')),
    moved_at = now()
  from done
  where mode = :mode and entity = :entity and shard = :shard and lane = :lane
)
