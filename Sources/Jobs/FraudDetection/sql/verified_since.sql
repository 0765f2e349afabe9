union
select f.entry_id
from oneshot.fraud_facts as f
cross join lateral (
  select e.campaign_id from waitlist_entries as e where e.id = f.entry_id and e.verified_at is not null limit 1) as e
where not f.is_verified and f.reasons && '{listed,reserved,malformed}' {campaign}
  and mod(coalesce(e.campaign_id, 0), :shards) in (:shard, :shard - :shards)
