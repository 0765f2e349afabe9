-- reindex, unread
\set entities '''{"asset","creator"}'''
prepare golden (unknown) as
-- Entities that a rebuild has read to their end, as it knows, and of which this database says otherwise.
select entity from unnest($1::text[]) as read (entity)
where not exists (
  select from oneshot.reindex_cursors as c
  where c.mode = 'rebuild' and c.entity = read.entity and lane = -1 and is_done)
order by entity
;
execute golden (:entities);
deallocate golden;
