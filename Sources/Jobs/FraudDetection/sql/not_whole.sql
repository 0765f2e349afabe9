union
select f.entry_id
from oneshot.fraud_facts as f
join waitlist_entries as e on e.id = f.entry_id
where not f.is_whole {campaign} and mod(coalesce(e.campaign_id, 0), :shards) in (:shard, :shard - :shards)
