select {columns}
{chosen}
order by d.last_failed_at desc, d.job, d.item_digest
limit :limit
