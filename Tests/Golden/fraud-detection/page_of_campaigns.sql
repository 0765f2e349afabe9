-- fraud-detection, page_of_campaigns
\set after '''0''::bigint'
\set keep_from '''2025-05-12T02:00:00Z''::timestamptz'
\set campaigns '''{"3","5"}'''
\set shards '''1''::bigint'
\set shard '''0''::bigint'
\set limit '''1000''::bigint'
prepare golden (bigint, timestamptz, unknown, bigint, bigint, bigint) as
-- The next entries, in the order of their ids.
select e.id
from waitlist_entries as e
where e.id > $1 and (e.created_at >= $2::timestamptz or e.created_at is null) and e.campaign_id = any ($3::bigint[])
  and mod(coalesce(e.campaign_id, 0), $4) in ($5, $5 - $4)
order by e.id
limit $6
;
execute golden (:after, :keep_from, :campaigns, :shards, :shard, :limit);
deallocate golden;
