-- fraud-detection, new_since_snapshot
\set seen '''10:20:10,14'''
\set keep_from '''2025-05-12T02:00:00Z''::timestamptz'
\set shards '''1''::bigint'
\set shard '''0''::bigint'
\set after '''0''::bigint'
\set limit '''1000''::bigint'
prepare golden (unknown, timestamptz, bigint, bigint, bigint, bigint) as
-- Entries that no run has checked. What event-drain has checked is checked again, with all checks; and disposable addresses weigh less
-- once they are verified.
select id
from (
  select e.id
  from waitlist_entries as e
  left join oneshot.fraud_facts as f on f.entry_id = e.id
  where f.entry_id is null and e.written_by >= pg_snapshot_xmin($1::pg_snapshot)
    and not pg_visible_in_snapshot(e.written_by, $1::pg_snapshot) and (e.created_at >= $2::timestamptz or e.created_at is null) 
    and mod(coalesce(e.campaign_id, 0), $3) in ($4, $4 - $3)
  union
select f.entry_id
from oneshot.fraud_facts as f
join waitlist_entries as e on e.id = f.entry_id
where not f.is_whole  and mod(coalesce(e.campaign_id, 0), $3) in ($4, $4 - $3)

  
) as e
where id > $5
order by id
limit $6
;
execute golden (:seen, :keep_from, :shards, :shard, :after, :limit);
deallocate golden;
