-- Some lists that nothing queued is about: those may be another by rights.
select l.user_id, l.members
from oneshot.suggestion_lists as l
where l.members > 0 and {share}
  and not exists (select from oneshot.suggestion_pending as p where p.user_id = l.user_id)
order by hashtextextended(l.user_id || :seed, 0)
limit :limit
