-- Entities that a rebuild has read to their end, as it knows, and of which this database says otherwise.
select entity from unnest(:entities::text[]) as read (entity)
where not exists (
  select from oneshot.reindex_cursors as c
  where c.mode = 'rebuild' and c.entity = read.entity and lane = -1 and is_done)
order by entity
