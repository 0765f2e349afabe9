select c.*, encode(c.item_digest, 'hex') as digest
from chosen c
order by c.last_failed_at desc, c.job, c.item_digest
limit :limit
