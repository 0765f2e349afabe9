moved as (
  update oneshot.reindex_cursors
  set after_id = coalesce((select id::text from page order by page.id desc limit 1), after_id),
    is_done = (select count(*) from page) < :limit,
    present = present
      + (select count(*) from compared where state in ('inserted', 'updated', 'unchanged', 'kept')),
    moved_at = now()
  where mode = :mode and entity = :entity and shard = :shard and lane = :lane
)
