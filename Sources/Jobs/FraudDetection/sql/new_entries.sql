-- Entries that no run has checked, the oldest first. What event-drain has checked is checked again, with all checks; and disposable
-- addresses weigh less once they are verified.
select id
from (
  select e.id, e.created_at
  from waitlist_entries as e
  left join oneshot.fraud_facts as f on f.entry_id = e.id
  where f.entry_id is null and {is_new} and (e.created_at >= :keep_from::timestamptz or e.created_at is null) {campaign}
    and mod(e.campaign_id, :shards) in (:shard, :shard - :shards)
  union
  select f.entry_id, f.created_at
  from oneshot.fraud_facts as f
  join waitlist_entries as e on e.id = f.entry_id
  where not f.is_whole {campaign} and mod(e.campaign_id, :shards) in (:shard, :shard - :shards)
  {verified}
) as e
order by created_at, id
limit :limit
