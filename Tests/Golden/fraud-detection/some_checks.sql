-- fraud-detection, some_checks
\set keep_from '''2025-05-12T02:00:00Z''::timestamptz'
\set campaigns '''{"3","5"}'''
\set shards '''1''::bigint'
\set shard '''0''::bigint'
\set after '''0''::bigint'
\set limit '''1000''::bigint'
prepare golden (timestamptz, unknown, bigint, bigint, bigint, bigint) as
-- Entries that no run has checked. What event-drain has checked is checked again, with all checks; and disposable addresses weigh less
-- once they are verified.
select id
from (
  select e.id
  from waitlist_entries as e
  where true and true and (e.created_at >= $1::timestamptz or e.created_at is null) and e.campaign_id = any ($2::bigint[])
    and mod(coalesce(e.campaign_id, 0), $3) in ($4, $4 - $3)
  
  
) as e
where id > $5
order by id
limit $6
;
execute golden (:keep_from, :campaigns, :shards, :shard, :after, :limit);
deallocate golden;
