-- What was done with a dead letter, the newest first.
select a.*, count(*) over () as total
from oneshot.dead_letter_actions a
where (a.instance, a.job, a.server) = (:instance, :job, :server) and a.item_digest = decode(:digest, 'hex')
order by a.id desc
limit :limit
