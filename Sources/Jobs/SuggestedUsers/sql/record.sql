-- What a batch has come to: what was queued of it is done, its lists are noted, and those of users who are gone are not.
with done as (
  delete from oneshot.suggestion_pending as p
  using unnest(:urgencies::smallint[], :ids::bigint[]) as seen (urgency, id)
  where (p.urgency, p.id) = (seen.urgency, seen.id)
), gone as (
  delete from oneshot.suggestion_lists where user_id = any (:gone::text[])
)
insert into oneshot.suggestion_lists (user_id, digest, computed_at, members)
select user_id, digest, :moment, members
from unnest(:users::text[], :digests::bigint[], :members::smallint[]) as made (user_id, digest, members)
on conflict (user_id) do update
set digest = excluded.digest, computed_at = excluded.computed_at, members = excluded.members
