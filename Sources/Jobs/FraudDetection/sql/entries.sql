-- The next entries, in the order of their ids.
select e.id
from waitlist_entries as e
where e.id > :after and (e.created_at >= :keep_from::timestamptz or e.created_at is null) {campaign}
  and mod(coalesce(e.campaign_id, 0), :shards) in (:shard, :shard - :shards)
order by e.id
limit :limit
