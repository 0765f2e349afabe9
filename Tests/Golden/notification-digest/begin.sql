-- notification-digest, begin
\set frequency '''daily'''
\set half_period '''12 hours'''
\set users '''{"17"}'''
\set dues '''{"2025-11-08T09:00:00Z"}'''
prepare golden (unknown, unknown, unknown, unknown) as
-- Users who had no digest yet get a row of state that can be locked; the digest updates it.
insert into oneshot.digest_state (user_id, frequency, last_due_at)
select user_id, $1, due_at - $2::interval
from unnest($3::text[], $4::timestamptz[]) as due (user_id, due_at)
order by user_id
on conflict do nothing
;
execute golden (:frequency, :half_period, :users, :dues);
deallocate golden;
