-- Entries that no run has checked. What event-drain has checked is checked again, with all checks; and disposable addresses weigh less
-- once they are verified.
select id
from (
  select e.id
  from waitlist_entries as e
  {unchecked} and {is_new} and (e.created_at >= :keep_from::timestamptz or e.created_at is null) {campaign}
    and mod(coalesce(e.campaign_id, 0), :shards) in (:shard, :shard - :shards)
  {again}
  {verified}
) as e
where id > :after
order by id
limit :limit
