-- What is queued of a batch as of the moment at which its suggestions are read. What comes later has other ids, and stays.
select p.urgency, p.id, p.user_id
from oneshot.suggestion_pending as p
where p.user_id = any (:users::text[])
order by p.urgency, p.id
limit :rows
