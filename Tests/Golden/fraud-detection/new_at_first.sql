-- fraud-detection, new_at_first
\set keep_from '''2025-05-12T02:00:00Z''::timestamptz'
\set shards '''1''::bigint'
\set shard '''0''::bigint'
\set after '''0''::bigint'
\set limit '''1000''::bigint'
prepare golden (timestamptz, bigint, bigint, bigint, bigint) as
-- Entries that no run has checked. What event-drain has checked is checked again, with all checks; and disposable addresses weigh less
-- once they are verified.
select id
from (
  select e.id
  from waitlist_entries as e
  left join oneshot.fraud_facts as f on f.entry_id = e.id
  where f.entry_id is null and true and (e.created_at >= $1::timestamptz or e.created_at is null) 
    and mod(coalesce(e.campaign_id, 0), $2) in ($3, $3 - $2)
  union
select f.entry_id
from oneshot.fraud_facts as f
join waitlist_entries as e on e.id = f.entry_id
where not f.is_whole  and mod(coalesce(e.campaign_id, 0), $2) in ($3, $3 - $2)

  union
select f.entry_id
from oneshot.fraud_facts as f
cross join lateral (
  select e.campaign_id from waitlist_entries as e where e.id = f.entry_id and e.verified_at is not null limit 1) as e
where not f.is_verified and f.reasons && '{listed,reserved,malformed}' 
  and mod(coalesce(e.campaign_id, 0), $2) in ($3, $3 - $2)

) as e
where id > $4
order by id
limit $5
;
execute golden (:keep_from, :shards, :shard, :after, :limit);
deallocate golden;
