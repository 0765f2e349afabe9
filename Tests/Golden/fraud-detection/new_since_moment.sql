-- fraud-detection, new_since_moment
\set since '''2025-11-08T01:00:00Z''::timestamptz'
\set last_id '''17''::bigint'
\set keep_from '''2025-05-12T02:00:00Z''::timestamptz'
\set shards '''1''::bigint'
\set shard '''0''::bigint'
\set after '''0''::bigint'
\set limit '''1000''::bigint'
prepare golden (timestamptz, bigint, timestamptz, bigint, bigint, bigint, bigint) as
-- Entries that no run has checked. What event-drain has checked is checked again, with all checks; and disposable addresses weigh less
-- once they are verified.
select id
from (
  select e.id
  from waitlist_entries as e
  left join oneshot.fraud_facts as f on f.entry_id = e.id
  where f.entry_id is null and (e.created_at >= $1::timestamptz or e.id > $2) and (e.created_at >= $3::timestamptz or e.created_at is null) 
    and mod(coalesce(e.campaign_id, 0), $4) in ($5, $5 - $4)
  union
select f.entry_id
from oneshot.fraud_facts as f
join waitlist_entries as e on e.id = f.entry_id
where not f.is_whole  and mod(coalesce(e.campaign_id, 0), $4) in ($5, $5 - $4)

  
) as e
where id > $6
order by id
limit $7
;
execute golden (:since, :last_id, :keep_from, :shards, :shard, :after, :limit);
deallocate golden;
