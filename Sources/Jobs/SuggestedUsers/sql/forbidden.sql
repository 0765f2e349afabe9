-- Users whose lists name somebody they must not, as a suggestion or as somebody in common, and of whom nothing is queued.
select distinct w.id::text as user_id
from unnest(:users::text[], :lists::text[]) as listed (user_id, list)
cross join lateral (select listed.user_id::{id} as id) as w
cross join lateral json_array_elements(listed.list::json) as entry
cross join lateral (select (entry ->> 'id')::{id} as id) as p
where (
    exists (select from ({excluded}) as x where x.id = p.id)
    or exists (
      select from ({apart}) as x join json_array_elements_text(entry -> 'via') as via (id) on via.id = x.id::text)
    or not exists (select from users as u where u.id = p.id and {discoverable}))
  and not exists (select from oneshot.suggestion_pending as q where q.user_id = listed.user_id)
