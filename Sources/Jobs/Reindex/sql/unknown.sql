-- Entities of which something unknown has changed, as far as they are this shard's.
select entity, min(reason) as reason from oneshot.search_unknown
where shards is distinct from :shards or shard = :shard
group by 1
order by 1
