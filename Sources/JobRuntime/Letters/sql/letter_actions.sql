-- The actions on a dead letter, the newest first.
select a.acted_at, a.action, left(a.acted_by, 1000) as acted_by, a.role, a.error_kind,
  left(a.error_message, 8192) as error_message, a.attempts, a.last_failed_at, count(*) over () as total
from oneshot.dead_letter_actions a
where (a.instance, a.job, a.server) = (:instance, :job, :server) and a.item_digest = decode(:digest, 'hex')
order by a.id desc
limit :limit
