-- suggested-users, record
\set urgencies '''{"0"}'''
\set ids '''{"1"}'''
\set gone '''{"18"}'''
\set moment '''2025-11-08T02:00:00Z''::timestamptz'
\set users '''{"17"}'''
\set digests '''{"7"}'''
\set members '''{"20"}'''
prepare golden (unknown, unknown, unknown, timestamptz, unknown, unknown, unknown) as
-- What a batch has come to: what was queued of it is done, its lists are noted, and those of users who are gone are not.
with done as (
  delete from oneshot.suggestion_pending as p
  using unnest($1::smallint[], $2::bigint[]) as seen (urgency, id)
  where (p.urgency, p.id) = (seen.urgency, seen.id)
), gone as (
  delete from oneshot.suggestion_lists where user_id = any ($3::text[])
)
insert into oneshot.suggestion_lists (user_id, digest, computed_at, members)
select user_id, digest, $4, members
from unnest($5::text[], $6::bigint[], $7::smallint[]) as made (user_id, digest, members)
on conflict (user_id) do update
set digest = excluded.digest, computed_at = excluded.computed_at, members = excluded.members
;
execute golden (:urgencies, :ids, :gone, :moment, :users, :digests, :members);
deallocate golden;
